"""Which path leads to which act."""

from typing import get_origin

import msgspec

from penstock.administering.acting import Act, Acts, Page


class Door(msgspec.Struct, frozen=True):
    """A method and a path of the API, and the act behind them."""

    method: str
    path: str
    """With ``{name}`` for what goes into the act's struct under that name."""
    act: Act
    status: int = 200
    public: bool = False
    """Nobody has to say who asks: the act itself takes a secret."""

    @property
    def is_list(self) -> bool:
        """It tells some of a list, and where it goes on."""
        return self.method == "GET" and get_origin(self.act.told) is Page

    @property
    def has_body(self) -> bool:
        """What is wanted stands in a body; else in the query."""
        return self.method in {"POST", "PUT", "PATCH"}


# In the order of the reference page.
_ROWS = (
    ("POST", "/v1/setup", "setup"),
    ("GET", "/v1/me", "me"),
    ("GET", "/v1/keys", "keys.list"),
    ("POST", "/v1/keys", "keys.create"),
    ("GET", "/v1/keys/{key}", "keys.show"),
    ("PATCH", "/v1/keys/{key}", "keys.change"),
    ("POST", "/v1/keys/{key}/rotate", "keys.rotate"),
    ("DELETE", "/v1/keys/{key}", "keys.revoke"),
    ("GET", "/v1/teams", "teams.list"),
    ("POST", "/v1/teams", "teams.create"),
    ("GET", "/v1/teams/{team}", "teams.show"),
    ("PATCH", "/v1/teams/{team}", "teams.change"),
    ("DELETE", "/v1/teams/{team}", "teams.remove"),
    ("GET", "/v1/users", "users.list"),
    ("POST", "/v1/users", "users.create"),
    ("GET", "/v1/users/{user}", "users.show"),
    ("PATCH", "/v1/users/{user}", "users.change"),
    ("DELETE", "/v1/users/{user}", "users.remove"),
    ("GET", "/v1/usage", "usage.report"),
    ("GET", "/v1/exchanges", "exchanges.list"),
    ("GET", "/v1/exchanges/{exchange}", "exchanges.show"),
    ("GET", "/v1/suspensions", "suspensions.list"),
    ("POST", "/v1/suspensions/lift", "suspensions.lift"),
    ("GET", "/v1/credentials", "credentials.list"),
    ("PUT", "/v1/credentials/{provider}", "credentials.put"),
    ("DELETE", "/v1/credentials/{provider}", "credentials.remove"),
    ("GET", "/v1/quotas", "quotas.list"),
    ("GET", "/v1/tokens", "tokens.list"),
    ("POST", "/v1/tokens", "tokens.create"),
    ("DELETE", "/v1/tokens/{token}", "tokens.revoke"),
    ("GET", "/v1/audit", "audit.list"),
)

_CREATED = frozenset({"setup", "keys.create", "teams.create", "users.create", "tokens.create"})
_PUBLIC = frozenset({"setup"})


def doors(acts: Acts) -> tuple[Door, ...]:
    """The doors of these acts. An act that no path leads to, or a path without its act, is a bug: KeyError."""
    led = {name for _, _, name in _ROWS}
    lost = [act.name for act in acts if act.name not in led]
    if lost:
        raise KeyError(*lost)
    return tuple(
        Door(method, path, acts[name], 201 if name in _CREATED else 200, name in _PUBLIC)
        for method, path, name in _ROWS
    )
