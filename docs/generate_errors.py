"""Prints ``docs/reference/errors.md`` from the kinds of fault and from the dialects that speak them.

    python docs/generate_errors.py > docs/reference/errors.md

Each row is made by asking the dialects for the fault itself. A test holds the committed page to what this prints; a new
kind of fault has no words here and fails it.
"""

import json
import sys

from penstock.calling import naming
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import first
from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.route_rows import ROWS

EXCHANGE = "01a1fd95cce9c6385c9afff1daab"

WORDS = {
    FaultKind.MALFORMED: (
        "The request is no HTTP/1.1, its body is no JSON object where one is needed, or its `Host` names no host.",
        "Correct the request; the message says where it broke, and what to send.",
    ),
    FaultKind.UNAUTHENTICATED: (
        "No gateway key was sent, or one that this gateway does not know.",
        "Check the key; make a new one with `penstock keys create`.",
    ),
    FaultKind.CREDENTIAL_MISSING: (
        "The key is good, but there is no credential for the provider.",
        "Send your own in `X-Provider-Key`, or let the operator set the row's `api_key`.",
    ),
    FaultKind.MISROUTED: (
        "No provider speaks the route's dialect, or a model rule leads to one that speaks another.",
        "Send the request to the route that the message names.",
    ),
    FaultKind.REFUSED: (
        "The operator does not let it through: what the key may use, private values, a content policy. An answer that "
        "a content policy withholds is told so too; a stream that has begun ends as a refusal.",
        "The message says what kind of rule it was and whom to ask; `penstock explain` tries a request.",
    ),
    FaultKind.NOT_FOUND: (
        "No route of this gateway has this path.",
        "Check the client's base URL; the message says so where it is the usual mistake.",
    ),
    FaultKind.OBJECT_NOT_FOUND: (
        "The request names a file, batch, response, … that the caller's tenant did not make through this gateway.",
        "Use the key that made it, a key of the same team, or your own provider key.",
    ),
    FaultKind.METHOD_NOT_ALLOWED: (
        "The path exists, the method does not.",
        "The `allow` header lists the methods.",
    ),
    FaultKind.REQUEST_TIMEOUT: (
        "The head or the body of the request stopped arriving.",
        "Send it again; on slow lines raise `limits.head_seconds` or `limits.body_stall_seconds`.",
    ),
    FaultKind.TOO_LARGE: (
        "The body is larger than `limits.body`, or `limits.upload` where it only passes through.",
        "Send less, or raise the limit.",
    ),
    FaultKind.ENCODING_UNSUPPORTED: (
        "The body's `Content-Encoding` is none of gzip, deflate, br, zstd, or there are more than two.",
        "Send the body as it is, or in one of these.",
    ),
    FaultKind.ENCODING_INVALID: (
        "The body is not what its `Content-Encoding` says.",
        "Correct the header or the body.",
    ),
    FaultKind.TOO_LARGE_DECODED: (
        "The body is larger than `limits.body` once it is decoded.",
        "Send less, or raise the limit.",
    ),
    FaultKind.UPGRADE_REFUSED: (
        "The client asked for a WebSocket; Codex does, and goes on with a POST at once.",
        "Nothing, or send a POST.",
    ),
    FaultKind.THROTTLED: (
        "The caller sends faster than one of its quotas per minute allows, or more at once.",
        "Wait as long as `retry-after` says; the SDKs do so by themselves.",
    ),
    FaultKind.EXHAUSTED: (
        "A quota or budget of the caller's is used up.",
        "The message says which, until when, and whom to ask.",
    ),
    FaultKind.TOO_MUCH: (
        "A quota must know the most that a request can use, and that has no bound, or is more than the quota ever lets "
        "go at once.",
        "The message says what to change in the request: a cap on the output, on the uses of a provider's tool.",
    ),
    FaultKind.UNPRICED: (
        "A quota of the caller's counts money, and the model has no price here.",
        "Ask for another model; the operator gives it a price under `prices`, or writes `unpriced` in the quota.",
    ),
    FaultKind.HEAD_TOO_LARGE: (
        "The request line and headers are larger than `limits.head`, or more than `limits.headers`.",
        "Send fewer headers, or raise the limit.",
    ),
    FaultKind.INTERNAL: (
        "A bug in the gateway.",
        "Tell the operator the id in the message: the log has the cause under it.",
    ),
    FaultKind.UNREACHABLE: (
        "No connection to the provider, or it closed before or while it answered.",
        "The message names the provider: its operator runs `penstock providers check`, and looks at the row's "
        "`base_url`. What was sent in full is not to be retried: it may have been paid for.",
    ),
    FaultKind.BROKEN_ANSWER: (
        "The provider answered with something that is no answer: HTML with status 200, a redirect, invalid HTTP, "
        "a stream that stops before its end.",
        "The message names the provider: its operator looks at the row's `base_url`, and at what stands between the "
        "gateway and the provider.",
    ),
    FaultKind.CREDENTIAL_REFUSED: (
        "The provider refused the operator's credential (401 or 403).",
        "The message names the provider; its operator replaces the row's `api_key`.",
    ),
    FaultKind.OVERLOADED: (
        "The gateway holds `limits.connections` connections, is about to stop, or cannot reach its own database.",
        "Wait as long as `retry-after` says.",
    ),
    FaultKind.TIMED_OUT: (
        "The provider did not begin its answer in time, or fell silent in the middle of it.",
        "The message names the provider: its operator looks at the row's `timeouts`. Not to be retried once the "
        "request was sent in full: it may have been paid for.",
    ),
}

HEAD = """\
# Errors

<!-- Printed by docs/generate_errors.py from core/fault.py and dialects/; edit the text there. -->

What a provider answers, errors included, reaches the client byte for byte. This page is about the gateway's own
errors. Each is spoken in the envelope of the client's dialect, has one HTTP status, says whose fault it is and whether
sending the same request again can help. Where it cannot, the answer carries `x-should-retry: false`, which the SDKs of
Anthropic and OpenAI obey above everything else. Each carries an id in the header in which the dialect's own clients
look for one; where the request was readable, it is also in `X-Penstock-Exchange-Id`. Why each status was chosen, client
by client, is in [errors and retries](../concepts/errors-and-retries.md).

Each message says what to do next, and to whom. Where a provider failed it names the provider as the configuration calls
it, never its host or a credential; `penstock providers check` then tells its operator the cause.
"""

ENVELOPES = """\
## The envelopes

One fault, as each dialect's clients see it:
"""

ENDINGS = """\
## Streams that break

Once a stream has begun, its status is sent. If the provider breaks it off, the gateway ends it in the dialect's own
way, after the last whole event:
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, _summary(), *map(_kind, FaultKind), _envelopes(), _endings()])


def _summary() -> str:
    lines = [
        "| kind | status | blame | retry | Anthropic `error.type` | OpenAI `error.code` | Gemini `error.status` |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in FaultKind:
        anthropic, openai, gemini = _codes(kind)
        retry = "yes" if kind.retryable else "no"
        lines.append(
            f"| [`{kind.label}`](#{kind.label}) | {kind.status} | {kind.blame.value} | {retry} "
            f"| {anthropic} | {openai} | {gemini} |"
        )
    return "\n".join([*lines, ""])


def _codes(kind: FaultKind) -> tuple[str, str, str]:
    fault = Fault(kind=kind, words="…")
    anthropic = _error(Anthropic().fault(fault, EXCHANGE).body)
    detail = anthropic.get("details", {}).get("error_code")
    openai = _error(OpenAI().fault(fault, EXCHANGE).body)
    gemini = _error(Gemini().fault(fault, EXCHANGE).body)
    return (
        f"`{anthropic['type']}`" + (f", `{detail}`" if detail else ""),
        f"`{openai['code']}`" if openai["code"] else "-",
        f"`{gemini['status']}`",
    )


def _error(body: bytes) -> dict:
    return json.loads(body)["error"]


def _kind(kind: FaultKind) -> str:
    cause, remedy = WORDS[kind]
    return f"### `{kind.label}`\n\n{kind.status}, {_retry(kind)}. {cause}\n\n*What to do.* {remedy}\n"


def _retry(kind: FaultKind) -> str:
    answer = Anthropic().fault(Fault(kind=kind, words="…"), EXCHANGE)
    return "not to be retried" if first(answer.headers, b"x-should-retry") == b"false" else "may be retried"


def _envelopes() -> str:
    fault = Fault(kind=FaultKind.UNAUTHENTICATED, words="This gateway does not know the key that was sent.")
    parts = [ENVELOPES]
    for dialect in (Anthropic(), OpenAI(), Gemini()):
        answer = dialect.fault(fault, EXCHANGE)
        lines = [f"HTTP/1.1 {answer.status}"]
        lines += [f"{name.decode()}: {value.decode()}" for name, value in answer.headers]
        parts.append("```text\n" + "\n".join(lines) + f"\n\n{answer.body.decode()}\n```\n")
    return "\n".join(parts)


def _endings() -> str:
    words = "The provider closed the connection in the middle of its answer."
    fault = naming(Fault(kind=FaultKind.UNREACHABLE, words=words, retryable=False), "anthropic")
    parts = [ENDINGS]
    for title, dialect, operation, last in (
        ("Anthropic", Anthropic(), "messages.create", b""),
        ("OpenAI, Chat Completions and Completions", OpenAI(), "chat.completions.create", b""),
        ("OpenAI, Responses", OpenAI(), "responses.create", b'"sequence_number":41'),
        ("Gemini", Gemini(), "models.streamGenerateContent", b""),
    ):
        route = next(row for row in ROWS if row.dialect == dialect.name and row.operation == operation)
        frame = dialect.broken_off(Match(route, (), "", ""), fault, EXCHANGE, last)
        parts.append(f"{title}:\n\n```text\n{frame.decode().replace(chr(13), '').rstrip()}\n```\n")
    parts.append(
        "Without `alt=sse` Gemini streams a JSON array: there the same error object becomes its last element. Any\n"
        "other answer is cut off, so that the client sees a broken connection.\n"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
