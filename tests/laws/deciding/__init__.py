"""What holds for conversations' decisions wherever they are shared."""
