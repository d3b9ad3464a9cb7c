"""The secret under which gateway keys are hashed: a file beside the database, never in it.

Who reads the database alone can neither use a key nor test a guess. Gateways that share a database share the pepper
too: the database holds a hash of it, by which another one is known.
"""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from sqlalchemy import Engine, insert, select

from penstock.core.caller import Secret
from penstock.stores.schema import installation
from penstock.stores.site import Site
from penstock.stores.turns import on_server, writing

FILE = "pepper"
SIZE = 32
_ROW = "pepper"


class PepperError(ValueError):
    """Keys of this database were made under another pepper."""


def pepper_of(engine: Engine, site: Site) -> bytes:
    """The pepper of a site, whose database the engine leads to; PepperError where it is another database's."""
    given = None if site.pepper is None else _decoded(site.pepper)
    if not on_server(engine):
        return given or read_pepper(site.folder)
    with engine.connect() as connection:
        known = connection.execute(select(installation.c.value).where(installation.c.name == _ROW)).scalar()
    if known is not None and given is None and not (site.folder / FILE).exists():
        raise PepperError(f"{site.folder / FILE} is not there, but there are keys in {site.name}. {_ADVICE}")
    found = given or read_pepper(site.folder)
    if (known or _first(engine, found)) != _hash(found):
        where = "the setting `pepper`" if given else site.folder / FILE
        raise PepperError(f"the keys in {site.name} were made under another pepper than {where}. {_ADVICE}")
    return found


_ADVICE = "Take that of the gateway that made them: copy its file `pepper`, or give it as the setting `pepper`."


def read_pepper(folder: Path) -> bytes:
    """The pepper of this data folder; made, readable by its owner alone, when it is not there yet."""
    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pepper = path.read_bytes()
        if len(pepper) != SIZE:
            raise ValueError(f"{path} is damaged: it must hold {SIZE} bytes; restore it from a backup") from None
        return pepper
    with os.fdopen(descriptor, "wb") as file:
        pepper = secrets.token_bytes(SIZE)
        file.write(pepper)
    return pepper


def _first(engine: Engine, pepper: bytes) -> str:
    """The hash of the first that came: of two gateways that start at once, one's."""
    of_name = select(installation.c.value).where(installation.c.name == _ROW)
    with writing(engine, "installation").begin() as connection:
        known = connection.execute(of_name).scalar()
        if known is None:
            known = _hash(pepper)
            connection.execute(insert(installation).values(name=_ROW, value=known))
        return known


def _hash(pepper: bytes) -> str:
    """Of 256 random bits, so it tells nothing of them."""
    return hashlib.blake2b(pepper, digest_size=16, person=b"penstock pepper").hexdigest()


def _decoded(given: Secret) -> bytes:
    return base64.b64decode(given.reveal().strip().rstrip("=").translate(str.maketrans("-_", "+/")) + "=")
