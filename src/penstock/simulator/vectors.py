"""Embeddings: unit vectors that depend on the text alone and lie closer together the more words two texts share.

A bag of words, hashed: good enough to demonstrate retrieval, and no more than that.
"""

import base64
import hashlib
import math
import re
import struct
import sys
from array import array

_WORD = re.compile(r"\w+")

# Each word moves so many coordinates; all others stay 0.
_COORDINATES = 8

_SIZES = (("text-embedding-3-large", 3072), ("gemini-embedding", 3072), ("text-embedding-004", 768))
USUAL_SIZE = 1536


def usual_size(model: str) -> int:
    """How many dimensions a model gives when none are asked for."""
    return next((size for name, size in _SIZES if model.startswith(name)), USUAL_SIZE)


def vector(text: str, size: int) -> "array[float]":
    """A unit vector of ``size`` dimensions, each a 32-bit float, so that both encodings say the same number."""
    moved: dict[int, float] = {}
    for word in _WORD.findall(text.lower()) or [text]:
        digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4 * _COORDINATES).digest()
        for number in struct.unpack(f"<{_COORDINATES}I", digest):
            place = (number >> 1) % size
            moved[place] = moved.get(place, 0.0) + (1.0 if number & 1 else -1.0)
    length = math.sqrt(sum(value * value for value in moved.values()))
    values = array("f", bytes(4 * size))
    if not length:
        # Words can cancel each other out; then any direction is as good as another.
        moved, length = {0: 1.0}, 1.0
    for place, value in moved.items():
        values[place] = value / length
    return values


def as_base64(values: "array[float]") -> str:
    """The vector as little-endian 32-bit floats in base64, as OpenAI's SDKs ask for it."""
    if sys.byteorder == "big":
        values = array("f", values)
        values.byteswap()
    return base64.b64encode(values.tobytes()).decode()
