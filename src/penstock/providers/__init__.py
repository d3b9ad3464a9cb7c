"""WHERE to call: what crosses between a client and a provider besides the body.

A provider is a row (``core.target.Provider``); here is how a row shows a credential and which headers pass.
"""
