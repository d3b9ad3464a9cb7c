"""HOW a protocol speaks: one pure module per wire format, no input or output, no clock.

No dialect knows another. What the gateway needs of each is ``core.dialect.Dialect``.
"""
