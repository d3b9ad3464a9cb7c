"""What went wrong, as RFC 9457 says it: ``application/problem+json``, for programs and for people."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Mistake(msgspec.Struct, frozen=True):
    """One field that is wrong."""

    field: str
    """Where it stands: a dotted path in the body, or the parameter's name."""
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457, section 3.1."""

    type: str
    """Stays the same for each kind of problem; an address relative to the API's own."""
    title: str
    """The same for each kind, too."""
    status: int
    detail: str = ""
    """What to do about this one."""
    mistakes: tuple[Mistake, ...] = ()


def problem(
    kind: str,
    status: int,
    detail: str,
    *,
    mistakes: tuple[Mistake, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer; ``kind`` is one word or several with hyphens, such as ``not-found``."""
    title = kind.replace("-", " ").capitalize() if kind else HTTPStatus(status).phrase
    told = Problem(f"/v1/problems/{kind}", title, status, detail, mistakes)
    return Response(msgspec.json.encode(told), status, headers, MEDIA_TYPE)
