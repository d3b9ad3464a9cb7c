"""Bytes: HTTP/1.1 on both sides, connections, TLS, framing, size and time limits.

The only room that opens the data plane's sockets. It knows nothing of dialects, providers or policies.
"""
