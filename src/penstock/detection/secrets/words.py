"""The words of ``words.toml``, read once."""

import functools
from importlib.resources import files

import msgspec


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words by which names and values are judged; the file says what each list is for."""

    passwords: str
    no_passwords: str
    keys: str
    trailing: str
    not_before_key: str
    not_before_token: str
    strong: str
    everyday: str


@functools.cache
def words(name: str) -> tuple[str, ...]:
    """One list."""
    return tuple(str(getattr(_lists(), name)).split())


@functools.cache
def _lists() -> Words:
    return msgspec.toml.decode(files(__package__).joinpath("words.toml").read_bytes(), type=Words)
