"""How tersely a conversation is to be answered: the values of one decision, and what is known when it is taken.

A decision is taken once for a whole conversation, of what is fixed at its first request; ``policies.compress`` takes
it, a dialect reads the opening and puts the words where they stand. Values only.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Protocol

import msgspec

from penstock.core.route import Match


class Intensity(Enum):
    """How much is left out of answers."""

    OFF = "off"
    LITE = "lite"
    """No preamble, no recap, no closing offers; whole sentences."""
    FULL = "full"
    """The answer first, and nothing that was not asked for."""
    ULTRA = "ultra"
    """Conclusions and key facts only, in fragments where they are enough."""


class Arm(Enum):
    """On which side of the measurement a request stands."""

    TREATED = "treated"
    CONTROL = "control"
    """Would have been treated, and is left as it is for comparison."""
    FORCED = "forced"
    """Somebody asked for this on this very request: it proves nothing."""
    EXEMPT = "exempt"


class Placement(Enum):
    """Where the gateway's words stand beside the client's system text."""

    AUTO = "auto"
    """First; last where anything of the request is marked for a cache, so that marked prefixes stay the same."""
    FIRST = "first"
    LAST = "last"
    WITHIN = "within"
    """Before the client's own text, in its own first system message: for servers of OpenAI's dialect that take one
    such message only. No conversation's decision: what a server takes holds for each request to it."""


class Exemption(Enum):
    """Why a request's form forbids any words of ours, whoever asks for them."""

    STRUCTURED_OUTPUT = "structured-output"
    FORCED_TOOL = "forced-tool"
    PREFILL = "prefill"
    NOT_A_CHAT = "not-a-chat"
    CACHED_CONTENT = "cached-content"
    NO_SYSTEM_TEXT = "no-system-text"
    """The model takes none, and refuses a request that has one."""
    SUBSCRIPTION = "subscription"
    CONTINUED = "continued-elsewhere"
    """It goes on where the provider holds the beginning, and how that was decided is not known here."""
    TOO_LARGE = "too-large"
    """It is an upload, and longer than what may be held."""
    UNREADABLE = "unreadable"
    """The body does not say plainly where words could stand."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What somebody set for a key, a team or the installation; None: nothing, and whoever stands above it decides."""

    intensity: Intensity | None = None
    smart: bool | None = None
    """Whether detection decides, conversation by conversation."""
    holdout: int | None = None
    """Percent of the eligible conversations that are left as they are, for comparison."""
    verbosity: bool | None = None
    """Whether the format's own measure of length is set low beside the words, where a model has one."""

    def over(self, other: "Wanted") -> "Wanted":
        """This, and where it says nothing the other."""
        return Wanted(
            other.intensity if self.intensity is None else self.intensity,
            other.smart if self.smart is None else self.smart,
            other.holdout if self.holdout is None else self.holdout,
            other.verbosity if self.verbosity is None else self.verbosity,
        )


LOWERED = "+low"
"""Ends the version of words that went in together with the format's own measure of length, set low."""

HOLDOUT_MOST = 50
"""Percent: with more, most conversations would be left alone."""


class Decided(msgspec.Struct, frozen=True, gc=False):
    """How a conversation was decided, as it is remembered."""

    intensity: Intensity
    arm: Arm
    reason: str
    rules: str = ""
    """The version of the words."""
    placement: Placement = Placement.FIRST
    group: str = ""
    holdout: int = 0
    """Percent: with what odds it was drawn for its arm."""
    begun: str = ""
    """The hash of the conversation's beginning, where it is remembered under another name as well."""


class Terseness(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was decided for one request, as the answer's headers and the books tell it.

    Positional on the wire, like the entry that it stands in: fields are added at the end, with defaults.
    """

    arm: Arm
    reason: str
    """A code of ``policies.compress.reasons``, with the name of an operator's own rule; or an ``Exemption``'s."""
    intensity: Intensity = Intensity.OFF
    """What the conversation was given; for the control arm what it would have been given."""
    rules: str = ""
    """The version of the words that went in; for the control arm of those that did not."""
    conversation: str = ""
    """A keyed hash of how the conversation began; empty where none was worked out."""
    group: str = ""
    """What kind of question began it, as detection sees it."""
    tools: bool = False
    """Tools are declared."""
    added: int = 0
    """Bytes that the words take in this request."""
    holdout: int = 0
    """Percent: with what odds the conversation was drawn for its arm."""
    later: bool = False
    """It is not the conversation's first request."""
    reasked: bool = False
    """It asks again for what the conversation's answer before it left out. Looked at in both arms, and nowhere else."""

    @property
    def ran(self) -> Intensity:
        """What this request was really given."""
        return self.intensity if self.rules and self.arm in {Arm.TREATED, Arm.FORCED} else Intensity.OFF

    @property
    def lowered(self) -> bool:
        """The format's own measure of length was set low too; for the control arm: would have been."""
        return self.rules.endswith(LOWERED)


LATEST_BYTES = 8_000
"""A longer message is a new question, or holds what a tool brought."""


class Opening(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a chat request says that was fixed when its conversation began, read without its history."""

    fingerprint: bytes
    """The system text and the first user message as the client wrote them, without cache marks and without what a
    client changes from run to run (Claude Code's attribution block): the same bytes for every request of a
    conversation, whether a text stands as a string or as a list of one block. Material for a hash."""
    system: str = ""
    """The client's system text; blocks with an empty line between them."""
    user: str = ""
    """The text of the first user message."""
    tools: tuple[str, ...] = ()
    """Names of the tools that are declared now."""
    answered: bool = False
    """The request holds a turn of the model's (other than a trailing prefill): it is not the conversation's first."""
    cap: int | None = None
    """The most output tokens that the client allows."""
    reasoning: bool = False
    """The client asks for thinking, or sets an effort."""
    exemption: Exemption | None = None
    """What of the request's own form forbids our words now."""
    continues: str = ""
    """The object at the provider that holds the turns before this one (a response, a conversation), or empty."""
    latest: bytes = b""
    """What the user's message says with which a later request ends, as it is written (JSON). Empty in a conversation's
    first, where anything else ends it (a tool's result), and above ``LATEST_BYTES``."""


class Foreseen(msgspec.Struct, frozen=True, gc=False):
    """A chat request's conversation, looked up before any policy has changed the request."""

    body: bytes
    """The request that was read."""
    opening: Opening
    beginning: str
    """The keyed hash that the conversation is known by among gateways."""
    sought: Awaitable[None] | None = None
    """What was asked of others and is still to come."""


class Speaking(Protocol):
    """Where words of the gateway's own can stand in a dialect's requests. Pure; never raises, whatever the bytes are.

    ``body`` is a whole request of a chat operation: the JSON of a call, or one of the requests in a batch.
    """

    def telling(self, match: Match, content_type: bytes | None) -> Callable[[bytes], bool | None] | None:
        """What is shown an upload of this operation, piece by piece, and tells whether it holds chat requests: yes, no,
        or not yet. None where none can."""

    def requests(
        self, match: Match, body: bytes, content_type: bytes | None = None
    ) -> tuple[tuple[int, int], ...] | None:
        """Where chat requests stand in this operation's body, as offsets: the whole of it, each of a batch's; None
        where it is no chat's, none where nothing can be found."""

    def opening(self, match: Match, body: bytes) -> Opening | None:
        """What a chat request says; None where it can't be read."""

    def placed(self, match: Match, body: bytes) -> Placement:
        """Which place ``AUTO`` means for this request, first or last. To be kept with the conversation: clients mark
        more of a later request, or less, and the words have to stay where they are."""

    def steered(self, match: Match, body: bytes, words: str, placement: Placement) -> bytes | None:
        """The request with these words at their place, every other byte as it was; the same where they stand there
        already; None where there is no place for them."""

    def lowered(self, match: Match, body: bytes) -> bytes | None:
        """The request with the format's own measure of an answer's length set low, every other byte as it was; None
        where the format has none, the client has set it, or the body can't be read."""

    def said(self, content: bytes) -> tuple[str, ...]:
        """The texts of a message's content, as ``Opening.latest`` has it: no results of tools, no pictures."""
