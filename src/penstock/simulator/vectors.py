"""Embeddings: unit vectors that depend on the text alone and lie closer together the more words two texts share.

A bag of words, hashed: good enough to demonstrate retrieval, and no more than that.
"""

import base64
import hashlib
import math
import re
import struct

_WORD = re.compile(r"\w+")

# Each word moves so many coordinates; the rest of a vector is a little noise, so that no two texts are the same.
_COORDINATES = 8
_NOISE = 0.02

_SIZES = (("text-embedding-3-large", 3072), ("gemini-embedding", 3072), ("text-embedding-004", 768))
USUAL_SIZE = 1536


def usual_size(model: str) -> int:
    """How many dimensions a model gives when none are asked for."""
    return next((size for name, size in _SIZES if model.startswith(name)), USUAL_SIZE)


def vector(text: str, size: int) -> list[float]:
    """A unit vector of ``size`` dimensions; each number is one that 32 bits can hold, so that both encodings agree."""
    noise = hashlib.shake_256(text.encode("utf-8", "replace")).digest(size)
    values = [(byte - 127.5) / 127.5 * _NOISE for byte in noise]
    for word in _WORD.findall(text.lower()):
        digest = hashlib.blake2b(word.encode(), digest_size=4 * _COORDINATES).digest()
        for place in struct.unpack(f"<{_COORDINATES}I", digest):
            values[(place >> 1) % size] += 1.0 if place & 1 else -1.0
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    packed = struct.pack(f"<{size}f", *(value / length for value in values))
    return list(struct.unpack(f"<{size}f", packed))


def as_base64(values: list[float]) -> str:
    """The vector as little-endian 32-bit floats in base64, as OpenAI's SDKs ask for it."""
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()
