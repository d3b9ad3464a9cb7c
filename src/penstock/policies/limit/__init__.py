"""Holds requests to their callers' quotas: takes before the call, settles by the books, cuts streams that run over.

``policy`` is the way in, ``cutting`` the way out of a stream that may be cut; ``terms`` what is composed for both.
"""

from penstock.policies.limit.bookless import Bookless
from penstock.policies.limit.learned import Sizes
from penstock.policies.limit.policy import Grown, Limit
from penstock.policies.limit.settling import Settling
from penstock.policies.limit.terms import Conditions, OperationKind

__all__ = ["Bookless", "Conditions", "Grown", "Limit", "OperationKind", "Settling", "Sizes"]
