"""The rows of ``policies``, as ``settings`` has the others: what may be said through the gateway, by whom, and what is
done about the rest.

The text under each field is its reference documentation. What fields mean together is ``check_content``'s.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from penstock.config.values import Count, Expression, Name, Names, Operation, Pattern, RuleText, Seconds, Size, Words

ActionName = Literal["allow", "flag", "block", "route-to"]
MaskingName = Literal["allow", "flag", "mask", "block", "route-to"]
AnswerName = Literal["allow", "flag", "block"]
Where = Literal[
    "system", "user", "assistant", "tool-input", "tool-result", "document", "tool-definition", "name", "identifier",
    "credential", "other",
]  # fmt: skip
Attachment = Literal["image", "audio", "pdf", "file", "elsewhere", "unknown"]


class ListSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is allowed by name; all else is not."""

    allow: Annotated[tuple[Pattern, ...], Meta(min_length=1)]
    """Names as patterns like `claude-haiku-*`."""

    action: ActionName = "block"
    """What is done about a request that names another one."""


class OperationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which operations are allowed; all others are not."""

    allow: Annotated[tuple[Operation, ...], Meta(min_length=1)]
    """Operations as patterns like `messages.*` or `openai.embeddings.*`."""

    action: Literal["allow", "flag", "block"] = "block"
    """What is done about a request for another one."""


class ExceptionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Words in which terms do not count, for some keys and teams or for all."""

    terms: Annotated[tuple[Words, ...], Meta(min_length=1)]
    """Longer words or phrases that hold a term and are harmless: a term inside of one of them is not met. The term
    itself is allowed as a whole."""

    keys: Annotated[tuple[Names, ...], Meta(min_length=1)] = ()
    """The keys that it is for, by their names, as patterns. Without `keys` and `teams`: for all."""

    teams: Annotated[tuple[Names, ...], Meta(min_length=1)] = ()
    """The teams that it is for, beside those `keys`."""


class TermSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One list of words and phrases. Upper and lower case, full-width letters, look-alikes of Latin letters and
    characters that nobody sees make no difference; a term is met as a whole word only."""

    name: Name
    """What the list is called in the ledger and in `penstock explain`; callers never see it."""

    terms: Annotated[tuple[Words, ...], Meta(min_length=1)]
    """The words and phrases, each on one line."""

    exceptions: tuple[ExceptionSettings, ...] = ()
    """Where a term does not count, and for whom."""

    where: Annotated[tuple[Where, ...], Meta(min_length=1)] = ()
    """The kinds of words that are searched. Unset: all of a request."""

    action: MaskingName = "block"
    """What is done. `mask` puts the policy's `mask` in the term's place."""


class PatternSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One regular expression."""

    name: Name
    """What it is called in the ledger and in `penstock explain`; callers never see it."""

    match: Expression
    """The expression, found anywhere in a text; its syntax is RE2's, without lookaround and backreferences. `(?i)`
    before it makes upper and lower case the same."""

    where: Annotated[tuple[Where, ...], Meta(min_length=1)] = ()
    """The kinds of words that are searched. Unset: all of a request."""

    action: MaskingName = "block"
    """What is done. `mask` puts the policy's `mask` in place of what was met."""


class AnswerTermSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One list of words and phrases that answers are searched for, as those of a request are."""

    name: Name
    """What the list is called in the ledger; callers never see it."""

    terms: Annotated[tuple[Words, ...], Meta(min_length=1)]
    """The words and phrases, each on one line."""

    exceptions: tuple[ExceptionSettings, ...] = ()
    """Where a term does not count, and for whom."""

    action: AnswerName = "block"
    """What is done about what is met."""


class AnswerPatternSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One regular expression that answers are searched for."""

    name: Name
    """What it is called in the ledger; callers never see it."""

    match: Expression
    """The expression, in RE2's syntax, as for requests."""

    action: AnswerName = "block"
    """What is done. In a stream the words before the end of what was met may have gone out by then."""


class SizeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How large a request may be."""

    body: Size | None = None
    """The whole body, in bytes as it came."""

    messages: Count | None = None
    """Messages, or items of the input; of a batch, in each of its requests."""

    action: ActionName = "block"
    """What is done about a larger one."""


class AttachmentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent along with words."""

    allow: tuple[Attachment, ...] = ()
    """`image`, `audio` and `pdf`; `file` for any other kind of file; `elsewhere` for what is named by an address or an
    id, whose bytes the gateway never sees; `unknown` for parts of a form that it does not know. None: nothing but
    words."""

    most: Count | None = None
    """How many a request may hold, its earlier turns included."""

    size: Size | None = None
    """How large each may be, decoded."""

    action: ActionName = "block"
    """What is done about anything else."""


class ToolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which tools a request may declare, by their names; tools that the provider runs itself by their types
    (`web_search_20250305`)."""

    allow: Annotated[tuple[Pattern, ...], Meta(min_length=1)] = ()
    """Patterns of the tools that are allowed. Unset: all."""

    deny: tuple[Pattern, ...] = ()
    """Patterns of tools that are not, also where `allow` has them."""

    action: ActionName = "block"
    """What is done about a request that declares another one."""


class InvisibleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Characters that nobody sees and that models read: tags, overrides of the writing direction, zero-width spaces
    and joiners between Latin letters, rows of variation selectors. Emoji and scripts that need some of them keep
    them."""

    where: Annotated[tuple[Where, ...], Meta(min_length=1)] = ()
    """The kinds of words that are searched. Unset: all of a request."""

    action: MaskingName = "flag"
    """What is done about them. `mask` takes them out."""


class InjectionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Phrases with which texts try to give a model other orders, in results of tools and in documents alone: what
    people and developers write themselves is theirs. It finds the blunt ones; the guide says how few those are."""

    action: ActionName = "flag"
    """What is done about what is met."""


class CanarySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens in a system text that no answer may repeat: `CANARY-` and at least 12 letters or digits. A request whose
    system text holds none is not concerned."""

    action: AnswerName = "block"
    """What is done about an answer that holds one of its own request's tokens."""


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where links in answers may lead. A picture whose address holds words of the conversation carries them off as
    soon as a client shows it."""

    allow: tuple[Pattern, ...] = ()
    """Hosts that may be linked to, as patterns like `*.example.com`."""

    images: AnswerName = "block"
    """What is done about a picture from another host."""

    links: AnswerName = "flag"
    """What is done about any other link to another host."""


class AnswerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for in answers: in the model's words, its visible thinking and what it gives to tools."""

    terms: tuple[AnswerTermSettings, ...] = ()
    """Lists of words and phrases that answers are searched for."""

    patterns: tuple[AnswerPatternSettings, ...] = ()
    """Regular expressions that answers are searched for."""

    links: LinkSettings | None = None
    """Where links may lead. Unset, they may lead anywhere."""


class JudgeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One judge: a model or a service that is asked about what is new in a request. What has been judged for a team is
    remembered for as long as the gateway runs, up to a bound."""

    name: Name
    """What it is called in the ledger; callers never see it."""

    kind: Literal["chat", "llama-guard", "moderation", "http"]
    """`chat`: any model, asked a question of yours, which has to answer YES or NO and nothing else. `llama-guard`: a
    model that answers `safe`, or `unsafe` and codes. `moderation`: OpenAI's moderation API. `http`: a service of yours,
    sent `{"judge": …, "text": …}`, that answers `{"violates": true, "categories": […]}`."""

    provider: Name
    """A name under `providers`: where it is asked, with the operator's credential."""

    model: Pattern | None = None
    """The model that is asked; `moderation` has a usual one, `http` none."""

    question: RuleText | None = None
    """For `chat`: what is asked about the text, so that YES means it must not pass."""

    path: Words = "/"
    """For `http`: the path behind the provider's `base_url`."""

    categories: Annotated[tuple[Pattern, ...], Meta(min_length=1)] = ()
    """The categories that count, as patterns, for all kinds but `chat`. Unset: whatever the judge objects to."""

    where: Annotated[tuple[Where, ...], Meta(min_length=1)] = ("user", "tool-result", "document")
    """The kinds of words that it is asked about."""

    action: ActionName = "block"
    """What is done where it objects to a text. `route-to` needs `first: true`: what has left stays away."""

    seconds: Seconds = 10.0
    """How long it may take; the answer waits for it, a stream before its first byte."""

    unavailable: Literal["allow", "flag", "block"] = "block"
    """What is done when no verdict comes: in time, at all, or in the form that is expected."""

    local: bool = False
    """It may see private values: it is asked before scrubbing, not after. For judges in the house."""

    first: bool = False
    """It is asked before the provider is called, so that a request it objects to never leaves. Otherwise both are asked
    at once, and the answer is withheld."""


class DestinationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where `route-to` leads."""

    provider: Name
    """A name under `providers`; requests of another dialect than this provider's are blocked instead."""

    model: Pattern | None = None
    """The model that is asked there. Unset: the one that the request names."""


class PolicySettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `policies`: what is checked for whom. Everything that is not written here is not checked. All
    policies that hold for a key are asked, and of what they say the strictest is done: `block`, then `route-to`,
    `mask`, `flag`."""

    keys: Annotated[tuple[Names, ...], Meta(min_length=1)] = ()
    """The keys that the policy is for, by their names, as patterns like `ci-*`. Without `keys` and `teams`: for all."""

    teams: Annotated[tuple[Names, ...], Meta(min_length=1)] = ()
    """The teams that the policy is for, beside those `keys`."""

    mode: Literal["enforce", "monitor"] = "enforce"
    """`monitor` changes nothing and writes down what would have been done."""

    contact: Words = "your gateway's operator"
    """Whom to ask, in the words of a refusal: “Ask …”."""

    mask: Words = "[removed]"
    """What stands in the place of what is masked. It is not put back into answers."""

    route_to: DestinationSettings | None = None
    """Where requests go when a check says `route-to`."""

    unreadable: Literal["allow", "flag", "block"] = "block"
    """What is done about a request whose words can't be found though the policy has to read them: a form that streams
    through, a body of an unknown shape."""

    models: ListSettings | None = None
    """The models that may be asked for, in a request's path or body."""

    operations: OperationSettings | None = None
    """The operations that may be used, of all dialects."""

    size: SizeSettings | None = None
    """How large a request may be, in bytes and in messages."""

    attachments: AttachmentSettings | None = None
    """What may be sent along with words."""

    tools: ToolSettings | None = None
    """The tools that may be declared."""

    mcp: ListSettings | None = None
    """The MCP servers that the provider may be told to call: their hosts, or the ids of OpenAI's connectors."""

    terms: tuple[TermSettings, ...] = ()
    """Lists of words and phrases that are looked for in requests."""

    patterns: tuple[PatternSettings, ...] = ()
    """Regular expressions that are looked for in requests."""

    invisible: InvisibleSettings | None = None
    """Characters that nobody sees and models read."""

    injection: InjectionSettings | None = None
    """Orders to the model in what tools bring."""

    canary: CanarySettings | None = None
    """Tokens of a system text that must not come back."""

    judges: tuple[JudgeSettings, ...] = ()
    """Models and services that are asked."""

    answers: AnswerSettings | None = None
    """What is looked for in answers, whole ones and streams alike."""
