"""One room per policy, named by what it does. No policy knows another, nor any wire format.

Each has one method, ``enter`` (see ``core.policy``). Their order stands in ``order.py``, with reasons.
"""
