"""Asks a gateway that runs whether it can write its books: nobody else can know it.

It answers on its own address with its metrics, which are for programs on this machine. Other looks say why it may not
be able to.
"""

import http.client
from collections.abc import Iterator, Mapping

from penstock.cli.examining import Finding, good, problem, warning
from penstock.config.settings import Settings

_PATIENCE_SECONDS = 2.0
# The writer looks twice a second; with more behind it than this it does not keep up.
_BEHIND_SECONDS = 15.0

_HELD = "penstock_journal_held_records"
_HELD_FOR = "penstock_journal_failing_seconds"
_REFUSING = "penstock_journal_refusing"
_FAILING_FOR = "penstock_books_failing_seconds"
_BEHIND = "penstock_books_behind_seconds"
_WORKERS = "penstock_workers"


def books(settings: Settings) -> Iterator[Finding]:
    """Nothing where no gateway answers, or where it keeps no books."""
    if not settings.books or settings.address[1] == 0 or asked(settings, "/healthz") is None:
        return
    if settings.metrics == "off":
        yield good("books", "`metrics: off`: the gateway that runs can't be asked whether it can write them")
        return
    told = _numbers(asked(settings, "/metrics") or b"")
    if _FAILING_FOR not in told:
        what = "the gateway that runs does not say whether it can write them"
        yield warning(
            "books", what, f"can it write to {settings.data_dir}? has it been restarted since `books` was set?"
        )
        return
    found = list(_trouble(told))
    yield from found
    if not found:
        yield good("books", "the gateway that runs writes them")


def _trouble(told: Mapping[str, float]) -> Iterator[Finding]:
    if told[_HELD_FOR]:
        refusing = "; NEW REQUESTS ARE ANSWERED 503" if told[_REFUSING] else ""
        what = f"the journal can't be written: {told[_HELD]:.0f} records are in the gateway's memory alone{refusing}"
        action = "its log says why; make room or let it write. Do not kill it: what is in memory would be lost"
        yield problem("books", what, action)
    elif told[_FAILING_FOR]:
        what = "the database takes no entries from the gateway that runs; they wait in the journal"
        yield problem("books", what, "its log says why; nothing is lost while the journal's disk has room")
    elif told[_BEHIND] / max(1, told.get(_WORKERS, 1)) > _BEHIND_SECONDS:
        what = f"the database is {told[_BEHIND]:.0f} s behind the journal"
        yield warning("books", what, "look for a slow disk, or another program that uses the database")


def asked(settings: Settings, path: str) -> bytes | None:
    """What is answered at the address with 200; None where nothing is. Its certificate is looked at elsewhere."""
    host, port = settings.address
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what it stands for
    connection: http.client.HTTPConnection
    if settings.tls is None:
        connection = http.client.HTTPConnection(reached, port, timeout=_PATIENCE_SECONDS)
    else:
        import ssl  # noqa: PLC0415 - only here

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(reached, port, timeout=_PATIENCE_SECONDS, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _numbers(page: bytes) -> Mapping[str, float]:
    """The samples without labels, by name: Prometheus' text format has one a line."""
    found = {}
    for line in page.decode().splitlines():
        name, _, value = line.partition(" ")
        if name.isidentifier():
            found[name] = float(value)
    return found
