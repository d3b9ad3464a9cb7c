"""What the scripted providers answer, one module per dialect: exact, small, and the same for every client.

A model named ``status-429-...`` fails in that way; ``slow``, ``cut`` and ``fails`` break a stream in theirs.
Everything else follows from the request, so that a field lost on the way shows in what the client prints.
"""
