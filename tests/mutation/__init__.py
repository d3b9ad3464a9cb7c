"""Would a test notice? The code is changed at one place after the other, and each time some test must fail.

`make mutation` runs mutmut with the settings in pyproject.toml: `__main__` chooses what is tried, `plugin` makes tests
quick and alike each time, `report` counts and shows what came of it. Nothing here tests the gateway itself.
"""
