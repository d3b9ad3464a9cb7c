"""Where a request can go: providers as rows, and an attempt as one planned call."""

import functools

import msgspec

from penstock.core.caller import Credential, Secret


class Origin(msgspec.Struct, frozen=True, dict=True):
    """Scheme, host and port of an upstream: what a connection can be reused for."""

    secure: bool
    host: str
    port: int

    @functools.cached_property
    def authority(self) -> str:
        """The Host header's value."""
        usual = 443 if self.secure else 80
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == usual else f"{name}:{self.port}"

    @functools.cached_property
    def host_header(self) -> bytes:
        """The same, ready for the wire."""
        return self.authority.encode()


FIRST_BYTE_SECONDS = 120.0
"""How long a provider may take to begin its answer, unless its row or the client says otherwise."""


class Timeouts(msgspec.Struct, frozen=True):
    """Deadlines of a call, in seconds.

    ``first_byte`` None: the usual, or the client's own where that is longer. ``total`` None: a call may last as long
    as it keeps moving.
    """

    connect: float = 10.0
    first_byte: float | None = None
    idle: float = 300.0
    total: float | None = None


class Provider(msgspec.Struct, frozen=True):
    """One provider row: where to call and how to show a credential."""

    name: str
    dialect: str
    origin: Origin
    base_path: str
    """The base URL's path, without a slash at its end."""
    auth: str = "default"
    """``default`` (the dialect's own header), ``bearer``, ``x-api-key``, ``x-goog-api-key`` or ``none``."""
    credential: Secret | None = None
    """The operator's credential."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Fixed headers that the operator adds."""
    timeouts: Timeouts = Timeouts()
    simulated: bool = False
    """The built-in simulator: its answers say so."""
    one_system_message: bool = False
    """It refuses chats with more."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One planned call: which provider, with which credential, and why."""

    provider: Provider
    credential: Credential | None
    reason: str
