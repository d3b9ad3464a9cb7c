"""Penstock, a self-hosted gateway for LLM APIs.

Start reading at ``penstock/gateway.py``: it is the path of a request. The map of the house is ARCHITECTURE.md.
"""

__version__ = "0.1.0"
