"""Addresses as operators write them: URLs, and what the gateway listens on. Pure; nothing is looked up.

A text that can't be used raises MisfitError, which never repeats a credential that stands in it.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from penstock.config.mistakes import MisfitError, shown
from penstock.core.target import Origin

_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?\Z")
_DOTS = re.compile(r"(?:\.|%2e){1,2}\Z", re.IGNORECASE)


def base_url(text: str) -> str:
    """A provider's base URL, without a slash at its end."""
    _split_checked(text, schemes=("https", "http"), example="https://api.openai.com/v1")
    return text.rstrip("/")


def public_url(text: str) -> str:
    """Where clients see this gateway, without a slash at its end."""
    _split_checked(text, schemes=("https", "http"), example="https://llm.example.com")
    return text.rstrip("/")


def proxy(text: str) -> str:
    """A proxy's URL (credentials are welcome here), or ``none``."""
    if text.lower() == "none":
        return "none"
    if "://" not in text and re.search(r":[0-9]+/?\Z", text):
        text = f"http://{text}"
    parts = _split_checked(text, schemes=("http",), example="http://proxy.example.com:3128", credentials=True)
    if parts.path not in {"", "/"}:
        raise MisfitError("has a path, which a proxy's address has not", "write http://HOST:PORT")
    return text.rstrip("/")


def database(text: str) -> str:
    """A PostgreSQL database's URL, as libpq reads it. What it would misread could end up in its messages, a password
    among it, so none of that passes."""
    example = "postgresql://penstock@db.example.com/penstock"
    if any(not "!" <= letter <= "~" for letter in text):
        raise MisfitError("holds a space or another character that no URL holds", f"write it like {example}")
    scheme, _, rest = text.partition("://")
    if scheme not in {"postgresql", "postgres"}:
        raise MisfitError("does not begin with postgresql://", f"write it like {example}")
    authority, slash, path = rest.partition("/")
    if authority.count("@") > 1 or re.search(r"[?#]", authority) or "@" in path or "#" in path:
        what = "holds a character that ends a part of it too early, maybe in its password"
        raise MisfitError(what, "write %40 for @, %2F for /, %3F for ?, %23 for #, %25 for %")
    name, _, query = path.partition("?")
    if not slash or not name or "/" in name:
        raise MisfitError("names no database", f"write it like {example}")
    if re.search(r"%(?![0-9A-Fa-f]{2})", rest):
        raise MisfitError("holds a % that begins no escape", "write %25 for %")
    for one in authority.rpartition("@")[2].split(","):
        host = re.fullmatch(r"(|[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|%2F[A-Za-z0-9._%/-]*)(:[0-9]{1,5})?", one)
        if host is None:
            raise MisfitError("has a host or a port that can't exist", f"write it like {example}")
    if query and not all(re.fullmatch(r"[a-z_]+=[^=]*", part) for part in query.split("&")):
        raise MisfitError("has parameters that are not NAME=VALUE", f"write it like {example}?sslmode=verify-full")
    return text


def listen(text: str) -> str:
    """``host:port``."""
    host, colon, port = text.rpartition(":")
    if "://" in text:
        raise MisfitError("is a URL; an address has no scheme", f"write {shown(text.split('://', 1)[1].rstrip('/'))}")
    if re.fullmatch(r":?[0-9]+", text) and not (colon and host):
        what = "is a port without a host"
        raise MisfitError(what, f"write 127.0.0.1:{shown(port)}, or 0.0.0.0:{shown(port)} for every interface")
    if not colon or not port:
        raise MisfitError("has no port", f"write {_host_shown(host or text)}:8080")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        what = f"has a port that is not a number from 0 to 65535: {shown(port)}"
        raise MisfitError(what, f"write {_host_shown(host)}:8080")
    if host == "*":
        raise MisfitError("has no host", f"write 0.0.0.0:{port} for every interface")
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in host and inner == host:
        raise MisfitError("is an IPv6 address without brackets", f'write "[{shown(host)}]:{port}"')
    if not _is_host(inner) or (inner != host and ":" not in inner):
        raise MisfitError(f"has a host that is neither a name nor an address: {shown(host)}", f"write 127.0.0.1:{port}")
    return text


def _host_shown(host: str) -> str:
    return host if _is_host(host) and shown(host) == host else "127.0.0.1"


def split_listen(text: str) -> tuple[str, int]:
    """Host and port of an address that ``listen`` has accepted."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def origin_of(url: str) -> Origin:
    """Scheme, host and port of a URL that has been accepted."""
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    return Origin(secure=secure, host=parts.hostname or "", port=parts.port or (443 if secure else 80))


def path_of(url: str) -> str:
    """The path of a URL that has been accepted, without a slash at its end."""
    return urlsplit(url).path.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name alone."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _split_checked(text: str, *, schemes: tuple[str, ...], example: str, credentials: bool = False) -> SplitResult:
    # urlsplit drops tabs and line breaks silently, so they are looked for first.
    if any(not "!" <= letter <= "~" for letter in text):
        raise MisfitError("holds a space or another character that no URL holds", f"write it like {example}")
    scheme, mark, rest = text.partition("://")
    if not mark:
        whole = "" if "@" in text else shown(text)
        raise MisfitError("has no scheme", f"write {schemes[0]}://{whole or 'HOST'}")
    if scheme.lower() not in schemes:
        what = f"has a scheme other than {' and '.join(schemes)}: {shown(scheme)}"
        raise MisfitError(what, f"write it like {example}")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise MisfitError("is not a URL: its host or port can't be read", f"write it like {example}") from None
    if not host:
        raise MisfitError("has no host", f"write it like {example}")
    if not _is_host(host) or port == 0:
        raise MisfitError("has a host or a port that can't exist", f"write it like {example}")
    if not credentials and "@" in rest.partition("/")[0]:
        raise MisfitError("holds credentials", "remove what stands before the @; a key belongs in `api_key`")
    if "?" in rest or "#" in rest:
        raise MisfitError("holds a query or a fragment", "end it before the ? or #")
    if "\\" in rest or "//" in parts.path or any(_DOTS.match(step) for step in parts.path.split("/")):
        raise MisfitError("has a path with empty, `.` or `..` steps", "write the path plainly")
    return parts


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # Digits and dots that are no address (127.0.0.1.5, 300.1.1.1) are a slip of the hand, not a name.
        return bool(_HOST.match(host)) and not re.fullmatch(r"[0-9.]+", host)
    return True
