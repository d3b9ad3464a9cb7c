"""One judge of streams per wire format; ``tests/laws/stream_rules.py`` is the door."""
