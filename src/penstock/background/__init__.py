"""What goes on beside the path as time passes: what changed elsewhere is seen, what is due is done, who knocks is let
in.

No request waits for anything here, and what fails here is tried again. One file an occupation; none knows another, but
for ``suspending``, which is one of the ``chores``.
"""
