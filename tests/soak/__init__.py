"""What holds for ten minutes as well: many streams that stay open, many clients that come and go."""
