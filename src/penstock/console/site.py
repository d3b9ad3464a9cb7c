"""The admin API as a web application: who asks, what is asked, whether it was asked before; then the act.

Deny by default: a request without a token in force is answered 401 before anything of it is read, and each act says
itself who may ask for it. Everything that goes out says that it is not to be kept.
"""

import functools
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from penstock.administering.acting import Act, Actor, House
from penstock.administering.errors import ActError
from penstock.console.doors import Door
from penstock.console.openapi import document
from penstock.console.problem import Mistake, problem
from penstock.console.reading import InvalidError, read
from penstock.stores.admins import Admins
from penstock.stores.answered import Answered, Answers, OtherRequestError, Repeat, UnderWayError

log = logging.getLogger(__name__)

BODY_MOST = 1024 * 1024
_KEY = re.compile(r"[!-~]{1,200}")
_HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
"""On every answer: keys may stand in it, and no browser is to make anything else of it."""
_READING = frozenset({"GET", "HEAD"})
LOCAL = "penstock.local"
"""In a request's scope: it came over the socket in the data folder, which nobody but the operator can open."""
