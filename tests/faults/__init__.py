"""What goes wrong on either side of the gateway, as one table: each row is a test, and a row of the docs."""
