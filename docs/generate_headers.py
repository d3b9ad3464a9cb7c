"""Prints ``docs/reference/headers.md`` from the modules that read and write the gateway's own headers.

    python docs/generate_headers.py > docs/reference/headers.md

Which headers there are is read from the code; one that has no words here, or words for one that is gone, fail it. A
test holds the committed page to what this prints.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Mapping, Set
from types import ModuleType

from penstock.background import noticing
from penstock.config import Settings
from penstock.policies import authenticate
from penstock.policies.compress import overrides
from penstock.providers import allowances, headers

ASKED = {
    "X-Penstock-Key": "The gateway key, for a client whose usual place for a key is taken. It comes before all others.",
    "X-Provider-Key": "The caller's own credential for the provider; it is used for this request and not kept.",
    "Authorization": "`Bearer` and the gateway key; or, beside `X-Penstock-Key`, the caller's own credential.",
    "X-Api-Key": "The same, as Anthropic's clients say it.",
    "X-Goog-Api-Key": "The same, as Google's clients say it. `?key=` does as well.",
    "X-Penstock-Intensity": "How terse the answer to this very request shall be: `off`, `lite`, `full`, `ultra`.",
    "X-Mintoken-Intensity": "The same under the other prefix; `?intensity=` does as well.",
}

ANSWERED = {
    "Exchange-Id": ("every answer", "The id under which logs and `penstock show` know this exchange."),
    "Duration-Ms": ("every answer", "Milliseconds from the first byte of the request to the head of the answer."),
    "Overhead-Ms": (
        "a provider's answer",
        "The part of that which was not spent waiting for the provider, with a decimal.",
    ),
    "Provider": ("a provider's answer", "The provider row that answered."),
    "Simulated": ("the simulator's answers", "`true`."),
    "Intensity": ("answers of chats", "What ran: `off`, `lite`, `full`, `ultra`."),
    "Reason": (
        "answers of decided chats",
        "[Why](../concepts/terser-answers.md#what-the-answer-says).",
    ),
    "Arm": ("answers of decided chats", "`treated`, `control`, `forced`, `exempt`."),
    "Rules": ("treated answers", "The version of the words that were added."),
    "Scrubbed": (
        "with scrubbing on",
        "What was found in the request, by kind, place and number, never by value; or `none`.",
    ),
    "Policy": (
        "where a content policy said something",
        "Which rule, and what it did.",
    ),
    "Tokens-Used": (
        "near a quota of tokens, and refusals",
        "What counts against it, with what is reserved by requests under way.",
    ),
    "Tokens-Limit": ("beside it", "The quota."),
}

WEBHOOK = {"X-Penstock-Signature": "When a webhook was signed, and its HMAC: `t=…,v1=…`."}

READERS = (authenticate, overrides)
WRITERS = (headers, allowances)

TOP = """\
# Headers

<!-- Printed by docs/generate_headers.py from the code; edit the words there. -->

What the gateway reads, writes and takes away. Everything else passes, in both directions, whatever its name:
[fidelity](../concepts/fidelity.md).

## Of a request

| header | what it says |
|---|---|
"""

OF_ANSWERS = """\

## Of an answer

`…` stands for each of [`header_prefixes`](configuration.md): by default such a header is there twice, as
`X-Penstock-` and as `X-Mintoken-`.

| header | when | what it says |
|---|---|---|
"""

OTHERS = """\

In the dialect's own words, where they are the gateway's: `request-id` or `x-request-id` on
refusals; `retry-after` and `x-should-retry` on [refusals that a client may repeat, or must not](errors.md); rate limits
(`anthropic-ratelimit-…`, `x-ratelimit-…`) for keys with [quotas](../guides/limits.md#what-your-users-see-near-a-limit).

## Of a webhook

| header | what it says |
|---|---|
"""

OUT = """\

## Never sent on to a provider

Connection headers, credentials, what speaks of the client's network, and what would make a provider serve another
request than the one that was matched:

"""

BACK = """\

## Never sent back to a client

"""

OPERATORS = """\

And behind the operator's credential, because they describe an account that callers share: names that begin with
"""


def page() -> str:
    """The whole page."""
    told = {f"{prefix}Intensity" for prefix in Settings().header_prefixes}
    _same(ASKED, {name.title() for name in _named(READERS)} | told)
    once, always = _written()
    _same(ANSWERED, once | always)
    _same(WEBHOOK, {name.title() for name in re.findall(r"x-penstock-[a-z-]+", inspect.getsource(noticing))})
    never = sorted(name.decode() for name in headers.NEVER_OUT)
    private = ("x-forwarded-", *(prefix.decode() for prefix in headers.PRIVATE_PREFIXES))
    of_answers = OF_ANSWERS
    text = TOP + "".join(f"| `{name}` | {words} |\n" for name, words in ASKED.items())
    for name, (when, words) in ANSWERED.items():
        of_answers += f"| `{'X-Penstock-' if name in once else '…'}{name}` | {when} | {words} |\n"
    text += of_answers
    text += OTHERS + "".join(f"| `{name}` | {words} |\n" for name, words in WEBHOOK.items())
    text += OUT + _list([*never, *(f"{prefix}…" for prefix in private)])
    text += BACK + _list([*sorted(name.decode() for name in headers.NEVER_BACK), *(f"{one}…" for one in private[1:])])
    return text + OPERATORS + _list([f"{name.decode()}…" for name in headers.OPERATORS_OWN])


def _written() -> tuple[Set[str], Set[str]]:
    """Those under the first prefix alone, and those under each."""
    source = "".join(map(inspect.getsource, WRITERS))
    name = r"([A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]+)*): "
    return set(re.findall("X-Penstock-" + name, source)), set(re.findall(r'[n"]%b' + name, source))


def _named(modules: tuple[ModuleType, ...]) -> Set[str]:
    source = "".join(map(inspect.getsource, modules))
    slots = {name.decode() for name in authenticate._SLOTS}
    return slots | set(re.findall(r'b"(x-(?:penstock|provider|mintoken)-[a-z-]+)"', source))


def _same(words: Mapping[str, object], found: Set[str]) -> None:
    if words.keys() != found:
        raise SystemExit(f"the words here and the headers in the code differ: {sorted(words.keys() ^ found)}")


def _list(names: list[str]) -> str:
    return textwrap.fill(", ".join(f"`{name}`" for name in names), 120, break_on_hyphens=False) + ".\n"


if __name__ == "__main__":
    sys.stdout.write(page())
