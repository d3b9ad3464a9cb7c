"""The rows of ``scrub``: what becomes of private values, for whom, as ``settings`` has the others.

The text under each field is its reference documentation.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from penstock.config.forms import Form
from penstock.config.values import Days, Expression, Name, Pattern, Seconds, Words
from penstock.core.scrubbed import Wish

ListName = Annotated[str, Meta(extra={"form": Form.OWN_KIND})]
ActionName = Literal["mask", "redact", "flag", "block", "allow"]
AttachedName = Literal["image", "audio", "pdf", "file", "elsewhere", "state", "unknown"]
AttachedAction = Literal["allow", "flag", "block", "scan"]


class ScrubWishSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a key or a team wants of scrubbing."""

    wanted: bool | None = None
    """Look through its requests, or leave them alone. Unset: as whoever stands above it has it."""

    kinds: dict[Name, ActionName] = {}
    """What becomes of which kind, where that is not as above it."""

    @property
    def wish(self) -> Wish:
        """The same, as the path knows it."""
        return Wish(self.wanted, tuple(sorted(self.kinds.items())))


class TermListSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `scrub.terms`: names of employees, customers or projects, found wherever they stand as whole words."""

    terms: Annotated[tuple[Words, ...], Meta(min_length=1)] = ()
    """The terms themselves, in the configuration."""

    file: Annotated[str, Meta(extra={"form": Form.TERM_FILE})] | None = None
    """A file with one term on each line, beside those `terms`. It is read again as soon as it changes; empty lines and
    lines that begin with `#` are passed over."""

    case: Literal["same", "any"] = "any"
    """Whether upper and lower case must be as they are written. `any` also takes other spellings of the same letters
    (full-width letters, ligatures)."""

    action: ActionName = "mask"
    """What becomes of a term of this list."""


class OwnPatternSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `scrub.patterns`: a form of your own, such as the number of a ticket or a customer."""

    match: Expression
    """A regular expression in RE2's syntax. If it has a group, the group is the value, else all that it meets."""

    action: ActionName = "mask"
    """What becomes of the values that it finds."""


class DetectorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `scrub.detectors`: a service of yours that finds private values as well, asked about every new text of
    people's before the request goes on."""

    name: Name
    """What it is called where it is told what found a value."""

    kind: Literal["presidio", "http", "chat"]
    """`presidio`: Presidio's analyzer. `http`: any service, sent `{"text": …}`, that answers
    `{"spans": [{"start": 0, "end": 4, "kind": "person"}]}`, places counted in characters. `chat`: a model, best one in
    the house, which is told to name what it sees as JSON; it sees the text as it is."""

    provider: Name
    """A name under `providers`: where it is asked, with the operator's credential. A service that is no provider of
    models gets a row all the same, with `auth: none` if it wants no credential."""

    path: Words | None = None
    """The path behind the provider's `base_url`. Unset: `/analyze` for `presidio`, `/` for `http`."""

    model: Pattern | None = None
    """For `chat`: the model that is asked."""

    kinds: dict[Words, Name] = {}
    """What the service calls a kind, and which kind that is here. Unset: for `presidio` its own names, for the others
    `person` and `address`."""

    language: Words = "en"
    """For `presidio`: the language of the texts."""

    score: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """For `presidio`: how sure it must be."""

    seconds: Seconds = 5.0
    """How long one answer of the service may take."""

    unavailable: Literal["block", "allow"] = "block"
    """What becomes of a request when no answer comes: it is refused with 503, or goes on with what is found here."""


class VaultSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The vault: private values whose tokens a provider keeps (in files, batches, threads, stored responses) are kept
    in the database, encrypted, so that they come back when such an object is fetched or gone on with."""

    days: Days
    """How long the values of a stored object are kept, in whole days, counted from when it was made or last changed."""


class ScrubSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Scrubbing: private values are found in requests, tokens go out in their places, and the values come back in the
    answers."""

    wanted: bool = False
    """Look through all requests; keys and teams may say otherwise."""

    kinds: dict[Name, ActionName] = {}
    """What becomes of which kind; what stands not here is masked if it is looked for by default, and else allowed.
    `mask`: a token goes out and the value comes back in the answer; `redact`: a token goes out, and stays; `flag`: the
    value goes out, and is counted; `block`: the request is refused; `allow`: nobody looks for it."""

    terms: dict[ListName, TermListSettings] = {}
    """Lists of your own terms, by names that you give them: their tokens begin with the name."""

    patterns: dict[ListName, OwnPatternSettings] = {}
    """Patterns of your own, by names that you give them."""

    never: tuple[Words, ...] = ()
    """Values that are nobody's secret, such as your support address: they are left alone wherever they stand."""

    detectors: tuple[DetectorSettings, ...] = ()
    """Services of yours that find private values as well: models for names, for instance."""

    secrets: Literal["never", "tools", "always"] = "tools"
    """Where keys and passwords come back. `tools`: in what the model gives to a tool, so that a file that it edits
    keeps its keys, and in no text that it writes."""

    attached: dict[AttachedName, AttachedAction] = {}
    """What becomes of what is no text: `image`, `audio`, `pdf` and other `file`s whose bytes are sent along; what
    stands `elsewhere`, named by an address or an id; the `state` that a provider holds (earlier responses, threads,
    caches); and what is of an `unknown` form. Unset: `pdf`, `file` and `unknown` are refused (`block`), the others
    allowed. `scan` is for `pdf` alone: its words are looked through, and it passes if none of them would have to be
    masked; one that can't be read, or holds no text, is refused."""

    unreadable: Literal["block", "allow"] = "block"
    """What becomes of a body that can't be looked through at all: too large to be held (`limits.body`), compressed,
    torn, or of a form that is not known."""

    vault: VaultSettings | None = None
    """Unset: nothing is kept, and tokens stay in what is fetched later."""

    seconds: Seconds = 5.0
    """How long the new text of one request may be looked through, and how long the text of one PDF may be read; past it
    the request is refused."""

    teams: dict[Name, ScrubWishSettings] = {}
    """What teams want, by their names."""
