"""The master keys: what the operator's credentials in the database are encrypted under, and is never in it.

The first of them is in force; the others only open what was sealed before a rotation that has not ended. They stand
in the file ``master-key`` of the data folder, or are given by the configuration and then not ours to change.
"""

import base64
import hashlib
import os
import secrets
from pathlib import Path

import msgspec

FILE = "master-key"
SIZE = 32


class MasterKeyError(ValueError):
    """The file of master keys is damaged, or the keys are not ours to change."""


class MasterKey(msgspec.Struct, frozen=True):
    """One key. Never printed: its name is."""

    secret: bytes
    id: str
    """Names the key and tells nothing of it: a hash of 256 random bits."""

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"


def made() -> MasterKey:
    """A new one."""
    return _named(secrets.token_bytes(SIZE))


def given(text: str) -> tuple[MasterKey, ...]:
    """The keys that a text holds, in base64 of either alphabet with commas or line ends between them."""
    parts = text.replace(",", " ").split()
    keys = tuple(_named(_decoded(part)) for part in parts)
    if not keys:
        raise MasterKeyError("no master key is given")
    return keys


class MasterKeyFile:
    """The file of a data folder. Whoever changes it holds the database's write lock: then no two do."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> tuple[MasterKey, ...]:
        """The keys, the one in force first; none when there is no file yet."""
        try:
            text = self.path.read_text("ascii", "replace")
        except FileNotFoundError:
            return ()
        try:
            return given(text)
        except MasterKeyError as error:
            raise MasterKeyError(f"{self.path} is damaged: {error}; restore it from a backup") from None

    def write(self, keys: tuple[MasterKey, ...]) -> None:
        """Put these in the old ones' place, whole or not at all, and on the disk before this returns."""
        text = "".join(base64.b64encode(key.secret).decode() + "\n" for key in keys)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = self.path.with_name(f"{FILE}.{secrets.token_hex(4)}")
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            written.replace(self.path)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _named(secret: bytes) -> MasterKey:
    return MasterKey(secret, hashlib.blake2b(secret, digest_size=8, person=b"master key id").hexdigest())


def _decoded(part: str) -> bytes:
    try:
        secret = base64.b64decode(part.rstrip("=").translate(str.maketrans("-_", "+/")) + "=", validate=True)
    except ValueError:
        secret = b""
    if len(secret) != SIZE:
        raise MasterKeyError(f"a master key is {SIZE} bytes in base64")
    return secret
