"""What the limiter is composed of: which operations spend, what is known of models, and what refusals say.

Values and functions that the composition root hands in: this room knows no catalog, no dialect and no store.
"""

from collections.abc import Callable, Mapping
from enum import Enum

import msgspec

from penstock.core.counting import Counters
from penstock.core.demand import Demanding
from penstock.core.exchange import Exchange
from penstock.policies.limit.worst import Known


class OperationKind(Enum):
    """What an operation takes."""

    SPENDS = "spends"
    """It runs a model: requests, tokens and money."""
    TELLS = "tells"
    """It may tell what something used that was begun before, a batch say, and takes no tokens by itself."""
    FREE = "free"
    """It counts, lists or keeps something: requests from a bucket of their own, and seats."""


Models = Callable[[str, Exchange], Known]
"""What is known of a model by its name, for this exchange: on the operator's own machines prices are his own."""


class Conditions(msgspec.Struct, frozen=True):
    """All of it."""

    counters: Counters
    kinds: Mapping[str, OperationKind]
    """By operation."""
    models: Models
    demanding: Mapping[str, Demanding]
    """By dialect."""
    ratio: Callable[[str, str], float]
    """Tokens to a byte of an event stream: by model and operation."""
    added: int = 0
    """Bytes that words of our own may add to one request."""
    contact: str = "your gateway's operator"
    warn_at: float = 0.8
    """The share of a quota of tokens from which answers tell how it stands."""
