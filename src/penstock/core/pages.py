"""What a PDF says: its words, or why they can't be told. Values only; ``pdf`` makes them, policies read them."""

from collections.abc import Callable
from enum import Enum

import msgspec


class Unread(Enum):
    """Why nobody can say what a PDF holds."""

    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    LONG = "long"
    """It takes too much time or memory, or holds too many words."""
    EMPTY = "empty"
    """It holds no word: pictures alone, as a scanner makes them."""
    GARBLED = "garbled"
    """Its fonts do not say which letters they draw."""
    FILES = "files"
    """It holds other files."""
    BUSY = "busy"
    """Nobody had time for it; asked again it may be read."""


class Pages(msgspec.Struct, frozen=True, gc=False):
    """Of one PDF."""

    text: str = ""
    """All of its words: its pages', its comments', its form's, its properties'."""
    pictures: int = 0
    """What stands beside them and is no words."""
    unread: Unread | None = None


Extract = Callable[[bytes], Pages]
"""Reads a PDF, and takes a while. Never raises, whatever the bytes are."""
