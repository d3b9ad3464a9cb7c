"""Where a request goes: a pure plan. Nothing here calls anything."""
