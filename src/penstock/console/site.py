"""The admin API as a web application: who asks, what is asked, whether it was asked before; then the act.

Deny by default: a request without a token in force is answered 401 before anything of it is read, and each act says
itself who may ask for it. Everything that goes out says that it is not to be kept.
"""

import contextlib
import functools
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from penstock.administering.acting import Actor, Acts, Page, Role
from penstock.administering.errors import ActError, UnavailableError
from penstock.administering.house import opened
from penstock.administering.table import ACTS
from penstock.config.settings import Settings
from penstock.config.source import SettingsSource
from penstock.console import cursor
from penstock.console.doors import Door, doors
from penstock.console.following import Following
from penstock.console.openapi import document
from penstock.console.problem import MEDIA_TYPE, UNAVAILABLE, Mistake, problem, problem_of, summed
from penstock.console.reading import Misread, read
from penstock.core.books import BooksError
from penstock.stores.admins import Admins
from penstock.stores.answered import Answered, Answers, OtherRequestError, Repeat, UnderWayError

log = logging.getLogger(__name__)

BODY_MOST = 1024 * 1024
"""Of a request, bytes. Long term lists and many patterns fit well."""
LOCAL = "penstock.local"
"""In a request's scope: it came over the socket in the data folder, which nobody but the operator can open."""
_KEY = re.compile(r"[!-~]{1,200}")
_JSON = "application/json"
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
_OPERATOR = Actor("local operator", Role.OWNER)
_AGAIN = {"retry-after": "2"}


class _Segment(Convertor[str]):
    """One step of a path, whatever stands in it. It is decoded here, when it is known where it ends (RFC 3986, 2.4)."""

    regex = "[^/]*"

    def convert(self, value: str) -> str:
        """As it was meant."""
        return unquote(value)

    def to_string(self, value: str) -> str:
        """As it stands in a path."""
        return quote(value, safe="")


register_url_convertor("segment", _Segment())


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and the secret that proves it."""

    actor: Actor
    token: str
    """The token's id; empty for the local operator."""
    secret: str


class AdminApi:
    """The API over one database. Acts run in threads: they wait for the database, and the event loop does not."""

    def __init__(
        self,
        acts: Acts,
        leading: Sequence[Door],
        house: Callable[[], object],
        admins: Admins,
        answers: Answers,
        secret: bytes,
    ) -> None:
        """``leading``: the doors to the acts; ``house``: as it is now; ``secret``: what cursors are signed with."""
        self._acts = acts
        self._house = house
        self._admins = admins
        self._answers = answers
        self._secret = secret
        self._doors = leading
        self._document = msgspec.json.encode(document(self._doors))

    def application(self) -> ASGIApp:
        """For a server of ASGI."""
        by_path: dict[str, dict[str, Door]] = {}
        for door in self._doors:
            by_path.setdefault(door.path, {})[door.method] = door
        routes = [
            Route(path.replace("}", ":segment}"), functools.partial(self._answer, met)) for path, met in by_path.items()
        ]
        for route in routes:
            # What a path takes is told by its doors, all in one answer.
            route.methods = None
        routes.append(Route("/v1/openapi.json", self._describe, methods=["GET"]))
        routes.append(Route("/healthz", self._live, methods=["GET"]))
        routed = Starlette(routes=routes, exception_handlers={HTTPException: _unrouted, Exception: _bug})
        routed.router.redirect_slashes = False

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            # Undecoded: a name may hold a slash.
            await routed({**scope, "path": scope["raw_path"].decode("latin-1")}, receive, send)

        return application

    async def _describe(self, request: Request) -> Response:
        del request
        return Response(self._document, headers=_HEADERS, media_type=_JSON)

    async def _live(self, request: Request) -> Response:
        del request
        return Response(b'{"status":"ok"}', headers=_HEADERS, media_type=_JSON)

    async def _answer(self, met: Mapping[str, Door], request: Request) -> Response:
        door = met.get("GET" if request.method == "HEAD" else request.method)
        if door is None:
            allow = ", ".join(sorted({*met, *(["HEAD"] if "GET" in met else [])}))
            return _refused(
                "method-not-allowed", 405, f"This path takes {allow}.", headers={**_HEADERS, "allow": allow}
            )
        try:
            response = await self._pass(door, request)
        except ActError as error:
            response = _told(error)
        except Misread as error:
            response = _refused("invalid", 400, summed(error.mistakes), mistakes=error.mistakes)
        except (SQLAlchemyError, BooksError) as error:
            log.error("the admin API can't use the database: %s", getattr(error, "orig", None) or type(error).__name__)
            words = "The database does not answer. Nothing was changed; try again."
            response = _refused(UNAVAILABLE, 503, words, headers=_AGAIN)
        response.headers.update(_HEADERS)
        return response

    async def _pass(self, door: Door, request: Request) -> Response:
        asking = await self._who(door, request)
        if asking is None:
            words = "Send an admin token as `Authorization: Bearer pa_…`; `penstock admin tokens` makes one."
            return _refused("unauthenticated", 401, words, headers={"www-authenticate": "Bearer"})
        # Before anything of it is read: who may not ask learns nothing of what is wrong with the question.
        self._acts.permit(asking.actor, door.act.name)
        body: bytes | None = None
        if door.has_body:
            kind = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
            if kind != _JSON:
                return _refused("unsupported-media-type", 415, "Send the body as application/json.")
            body = await _body(request)
            if body is None:
                return _refused("too-large", 413, f"A body may have {BODY_MOST} bytes.")
        amiss = _amiss(door, request)
        if amiss:
            return await run_in_threadpool(self._do, door, request, asking, body, amiss)
        repeat = _repeat(door, request, asking, body or b"")
        return await run_in_threadpool(self._once, door, request, asking, body, repeat)

    async def _who(self, door: Door, request: Request) -> Asker | None:
        if request.scope.get(LOCAL):
            return Asker(_OPERATOR, "", "")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            found = await run_in_threadpool(self._admins.find, token.strip())
            if found is not None:
                return Asker(Actor(found.name, Role(found.role), found.team), found.id, token.strip())
        return Asker(Actor("nobody", Role.NOBODY), "nobody", "") if door.public else None

    def _once(self, door: Door, request: Request, asking: Asker, body: bytes | None, repeat: Repeat | None) -> Response:
        if repeat is None:
            return self._do(door, request, asking, body)
        try:
            before = self._answers.begin(repeat)
        except OtherRequestError:
            words = "This Idempotency-Key was used with another request within a day; make a new one."
            return _refused("idempotency-key-reused", 409, words)
        except UnderWayError:
            words = "The same request is being worked on; ask again in a moment."
            return _refused("under-way", 409, words, headers={"retry-after": "1"})
        if before is not None:
            return Response(before.body, before.status, {"idempotency-replayed": "true"}, _JSON)
        try:
            response = self._do(door, request, asking, body)
        except BaseException:
            # It has changed nothing: acts are one transaction.
            self._answers.give_up(repeat)
            raise
        self._answers.end(repeat, Answered(response.status_code, bytes(response.body)))
        return response

    def _do(
        self, door: Door, request: Request, asking: Asker, body: bytes | None, amiss: Sequence[Mistake] = ()
    ) -> Response:
        query = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        place = self._place(door, request, query)
        known = [*amiss, place] if isinstance(place, Mistake) else amiss
        house = self._house()
        check = functools.partial(door.act.check, house)
        wanted = read(door.act.wanted, request.path_params, query, body, check, known)
        if place is not None:
            wanted = msgspec.structs.replace(wanted, after=place)
        told = self._acts.do(house, asking.actor, door.act.name, wanted)
        headers: dict[str, str] = {}
        if isinstance(told, Page):
            going_on = None if told.next is None else cursor.sealed(self._secret, _question(door, query), told.next)
            return Response(msgspec.json.encode({"items": told.items, "next": going_on}), 200, headers, _JSON)
        return Response(msgspec.json.encode(told), door.status, headers, _JSON)

    def _place(self, door: Door, request: Request, query: Sequence[tuple[str, str]]) -> cursor.Place | Mistake | None:
        given = request.query_params.getlist("cursor")
        if not given:
            return None
        if len(given) > 1 or not door.is_list:
            return Mistake("cursor", "It belongs to lists, and stands there once.")
        try:
            return cursor.opened(self._secret, _question(door, query), given[0])
        except cursor.BadCursorError:
            words = "It is none of this list's, or the list was asked for otherwise then; begin without it."
            return Mistake("cursor", words)


@contextlib.contextmanager
def furnished(settings: Settings, source: SettingsSource) -> Iterator[AdminApi]:
    """The API over the database of these settings, which came from ``source``."""
    with opened(settings) as house:
        answers = Answers(house.store.engine, house.store.pepper)
        yield AdminApi(ACTS, doors(ACTS), Following(house, source), house.admins, answers, house.store.pepper)


def misdirected() -> Response:
    """To who asks under a name that the API does not go by."""
    words = "The admin API does not answer to the name in the request's Host header. Use its address, or have its "
    return _refused("misdirected", 421, f"{words}operator add the name to `admin.hosts`.", headers=_HEADERS)


def _question(door: Door, query: Sequence[tuple[str, str]]) -> str:
    return msgspec.json.encode([door.path, sorted(pair for pair in query if pair[0] != "most")]).decode()


async def _body(request: Request) -> bytes | None:
    """None: it is too large."""
    gathered = bytearray()
    async for piece in request.stream():
        gathered += piece
        if len(gathered) > BODY_MOST:
            return None
    return bytes(gathered)


def _amiss(door: Door, request: Request) -> tuple[Mistake, ...]:
    """What is wrong with the request's headers."""
    key = request.headers.get("idempotency-key")
    if key is None or not door.act.writes or _KEY.fullmatch(key) is not None:
        return ()
    return (Mistake("Idempotency-Key", "It takes 1 to 200 printable characters without spaces."),)


def _repeat(door: Door, request: Request, asking: Asker, body: bytes) -> Repeat | None:
    key = request.headers.get("idempotency-key")
    if key is None or not door.act.writes:
        return None
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + body
    return Repeat(asking.token, asking.secret, key, asked)


def _told(error: ActError) -> Response:
    told = problem_of(error)
    headers = _AGAIN if isinstance(error, UnavailableError) else None
    return Response(msgspec.json.encode(told), told.status, headers, MEDIA_TYPE)


def _refused(
    kind: str, status: int, detail: str, *, mistakes: tuple[Mistake, ...] = (), headers: Mapping[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(problem(kind, status, detail, mistakes)), status, headers, MEDIA_TYPE)


async def _unrouted(request: Request, error: Exception) -> Response:
    del request
    status = error.status_code if isinstance(error, HTTPException) else 404
    given = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 404:
        kind, words = "not-found", "There is nothing here; /v1/openapi.json lists what there is."
    else:
        kind, words = "method-not-allowed", f"This path takes {given.get('Allow', 'other methods')}."
    return _refused(kind, status, words, headers={**_HEADERS, **given})


async def _bug(request: Request, error: Exception) -> Response:
    log.error("a bug in %s %s of the admin API", request.method, request.url.path, exc_info=error)
    words = "The gateway failed; its operator finds the cause in the log."
    return _refused("internal", 500, words, headers=_HEADERS)
