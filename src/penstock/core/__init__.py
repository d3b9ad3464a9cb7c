"""The nouns that all other rooms share.

Pure: the standard library and msgspec only; no event loop, clock, environment, network or database.
"""
