"""The forms of secrets, read from the TOML files beside this, and the rules that are made of them.

A form is a pattern and what must hold of what it meets: no letter of the token's own alphabet right beside it, no
placeholder, enough entropy, and the checks it names. Checks are told in ``checks.py``.
"""

import functools
from collections.abc import Callable, Mapping
from importlib.resources import files

import msgspec

from penstock.detection.rule import Candidate, Rule
from penstock.detection.secrets.checks import Check, named_check
from penstock.detection.secrets.placeholders import is_placeholder
from penstock.detection.secrets.strength import entropy
from penstock.detection.secrets.surroundings import Edge, stands_alone

KIND = "secret"

FILES = ("models", "clouds", "developers", "services", "keys", "general")
"""The TOML files, in the order in which a reader meets their forms."""


class Format(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One form of secrets, as a table of a TOML file tells it."""

    title: str
    source: str
    """Whose documentation tells the form, and the title of the page."""
    pattern: str
    """RE2. Runs of unknown length in front of a literal are written with ``+`` and a check of the length: a counted run
    there would cost a state for each letter of each word of every text."""
    sign: str = ""
    """What the joint search looks for instead, met wherever the pattern is met. Given where a pattern has counted gaps,
    or begins with letters of any word: a few such patterns together make new states at every letter, and each state
    that is new costs as much as a thousand letters."""
    group: int = 0
    edge: Edge = Edge.WORD
    entropy: float = 2.5
    """Bits a character, at least, of the last two thirds of the value. 0 asks nothing, and lets the checks judge
    whether it is a placeholder."""
    checks: tuple[str, ...] = ()
    """Names of checks; some take a number after a colon."""


def rules() -> tuple[Rule, ...]:
    """A rule for each form."""
    return tuple(
        Rule(
            name=f"{KIND}.{name}",
            kind=KIND,
            pattern=form.pattern,
            group=form.group,
            sign=form.sign,
            check=_judge(form),
        )
        for forms in formats().values()
        for name, form in forms.items()
    )


@functools.cache
def formats() -> Mapping[str, Mapping[str, Format]]:
    """The forms by file and name."""
    folder = files(__package__)
    decode = functools.partial(msgspec.toml.decode, type=dict[str, Format])
    return {name: decode(folder.joinpath(f"{name}.toml").read_bytes()) for name in FILES}


def _judge(form: Format) -> Callable[[Candidate], bool]:
    checks: tuple[Check, ...] = tuple(named_check(name) for name in form.checks)

    def judge(candidate: Candidate) -> bool:
        value = candidate.value
        if not value or not stands_alone(candidate, form.edge):
            return False
        if form.entropy and (is_placeholder(value) or entropy(value[len(value) // 3 :]) < form.entropy):
            return False
        return all(check(candidate) for check in checks)

    return judge
