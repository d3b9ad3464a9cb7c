"""Where rooms that know nothing of each other are put together for one process, and settings become what they take.

The composition root and ``order`` ask here for parts; nothing here holds a request, and no part knows another part.
"""
