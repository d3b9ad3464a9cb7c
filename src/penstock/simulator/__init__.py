"""A provider in the box: it needs no key and no network, and answers every dialect, the same each time.

``server`` is reached like any provider. Nothing of the gateway but ``app`` and what measures knows it.
"""
