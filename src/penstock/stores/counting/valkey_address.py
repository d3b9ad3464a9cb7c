"""Where a Valkey server is, as operators write it. Opens nothing."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PORT = 6379
_TLS_SCHEMES = {"valkeys", "rediss"}
_SCHEMES = {"valkey", "redis", "unix", *_TLS_SCHEMES}


@dataclass(frozen=True)
class Address:
    """Where the server is. The password is in no text made of it."""

    host: str = "localhost"
    port: int = _PORT
    path: str = ""
    """Of a socket in the file system, instead of host and port."""
    tls: bool = False
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"valkey at {self.path or f'{self.host}:{self.port}'}, database {self.database}"


def address(url: str) -> Address:
    """Reads ``valkey://[user:password@]host[:port][/database]``; ``valkeys:`` with TLS; ``redis:`` and ``rediss:``
    too; ``unix:///path/of/socket``. ValueError, which never quotes the text: it may hold a password."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES:
            raise ValueError(f"the scheme must be one of {', '.join(sorted(_SCHEMES))}")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if parts.scheme == "unix":
            return Address(path=unquote(parts.path), user=user, password=password)
        database = parts.path.strip("/") or "0"
        port = parts.port or _PORT
    except ValueError as error:
        told = str(error) if "scheme" in str(error) else "host or port can't be read"
        raise ValueError(f"not the address of a Valkey server: {told}") from None
    if not database.isdigit():
        raise ValueError("not the address of a Valkey server: what follows the port must be a database's number")
    tls = parts.scheme in _TLS_SCHEMES
    return Address(parts.hostname or "localhost", port, "", tls, int(database), user, password)
