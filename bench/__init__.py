"""Penstock side by side with nginx and with peers, in one run on one machine.

``python -m bench`` starts everything, measures, prints, and stops everything. The mock upstream and the load generator
are processes of their own (``bench.mock``, ``bench.load``); nothing here is imported by the gateway.
"""
