"""The admin API: HTTP for those who run the gateway, on a port of its own and in a process of its own.

A thin door on ``administering``: it reads a request into the one struct that an act takes, and writes the one struct
that the act tells. What may be asked, of whom, stands in the act's own row; no rule about keys or teams stands here. It
never carries traffic of models, and the data plane never waits for it.
"""
