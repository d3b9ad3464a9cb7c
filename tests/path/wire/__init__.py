"""The wire room over real sockets: bytes in, bytes out, times kept."""
