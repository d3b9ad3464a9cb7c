"""Stored objects behind the operator's credential belong to the tenant that made them (files, batches, threads, …).

On the way in, every id that a request names (path, query, body) must be the caller's. On the way out, ids are written
down before the client sees them, and lists are cut to the caller's own. With the caller's own credential, nothing of
this applies. It knows operations only as their rows' ``Stored``, and the record only as the Register it is given.
"""

from penstock.policies.own.leaving import Register
from penstock.policies.own.policy import Own

__all__ = ["Own", "Register"]
