"""The words that ask for terser answers, by intensity, each with its version.

The shipped ones stand in ``rules.toml``; an operator's own take their place. A version is a digest of the words: it
tells two texts apart for as long as anyone measures them. Pure but for the one file, read at import.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from importlib import resources

import msgspec

from penstock.core.terseness import Intensity

VERSION_DIGITS = 8


class Words(msgspec.Struct, frozen=True):
    """What is put into a request."""

    text: str
    version: str
    """The intensity and a digest, such as ``full-1a2b3c4d``."""


def worded(intensity: Intensity, text: str) -> Words:
    """These words and their version."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]
    return Words(text, f"{intensity.value}-{digest}")


def _shipped() -> Mapping[Intensity, Words]:
    found = tomllib.loads(resources.files(__package__).joinpath("rules.toml").read_text("utf-8"))
    return {
        intensity: worded(intensity, f"{found[intensity.value].strip()} {found['guard'].strip()}")
        for intensity in Intensity
        if intensity is not Intensity.OFF
    }


SHIPPED = _shipped()


def rules(own: Mapping[Intensity, str]) -> Mapping[Intensity, Words]:
    """The words in force, where the operator has texts of his own for some intensities."""
    return {**SHIPPED, **{intensity: worded(intensity, text) for intensity, text in own.items()}}
