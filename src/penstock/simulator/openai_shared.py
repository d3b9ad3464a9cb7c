"""What OpenAI's wire formats have in common: refusals in its words, headers, reasoning defaults, token headers."""

import re

import msgspec

from penstock.core.head import Header
from penstock.simulator.decoding import Complaint
from penstock.simulator.identity import Identity
from penstock.simulator.refusals import Refusal, openai_envelope
from penstock.simulator.serving import JSON_HEADER, Reply

_KINDS = {
    "str": "a string", "int": "an integer", "float": "a number", "bool": "a boolean", "array": "an array",
    "object": "an object", "null": "null",
}  # fmt: skip

_REASONS = re.compile(r"^(?:o\d|gpt-(?:[5-9]|\d\d)|codex|chatgpt-[5-9])")
_EFFORTS = {"minimal": 60, "low": 200, "medium": 1000, "high": 4000, "xhigh": 8000, "max": 16000}


def spelled(complaint: Complaint) -> Refusal:
    """A body that doesn't decode, as OpenAI says it."""
    if complaint.malformed:
        return Refusal(400, f"We could not parse the JSON body of your request. ({complaint.words})")
    place = re.sub(r"\.(\d+|\.\.\.)(?=\.|$)", r"[\1]", complaint.place)
    if complaint.missing:
        return missing(place)
    expected = " or ".join(_KINDS.get(kind, kind) for kind in complaint.expected.split(" | ") if kind != "null")
    found = _KINDS.get(complaint.found, complaint.found)
    words = f"Invalid type for '{place}': expected {expected}, but got {found} instead."
    return Refusal(400, words if expected else complaint.words, param=place or None, code="invalid_type")


def missing(parameter: str) -> Refusal:
    """A parameter that must be there."""
    words = f"Missing required parameter: '{parameter}'."
    return Refusal(400, words, param=parameter, code="missing_required_parameter")


def invalid(parameter: str, words: str, code: str = "invalid_value") -> Refusal:
    """A parameter whose value doesn't do."""
    return Refusal(400, words, param=parameter, code=code)


def reasoning_budget(model: str, effort: str | None) -> int | None:
    """The most tokens to reason: what the request says, else what the model does by itself."""
    if effort is not None:
        return _EFFORTS.get(effort)
    return _EFFORTS["medium"] if _REASONS.match(model) else None


def headers(identity: Identity) -> tuple[Header, ...]:
    """The headers that OpenAI sends with every answer."""
    return (
        (b"x-request-id", identity.hexadecimal("req_", "request", 32).encode()),
        (b"openai-organization", b"simulated-organization"),
        (b"openai-processing-ms", b"%d" % identity.milliseconds()),
        (b"openai-version", b"2020-10-01"),
        (b"x-ratelimit-limit-requests", b"10000"),
        (b"x-ratelimit-limit-tokens", b"30000000"),
        (b"x-ratelimit-remaining-requests", b"9999"),
        (b"x-ratelimit-remaining-tokens", b"29999000"),
        (b"x-ratelimit-reset-requests", b"6ms"),
        (b"x-ratelimit-reset-tokens", b"2ms"),
    )


def answered(value: object, identity: Identity, *, lasting: bool = True) -> Reply:
    """A JSON answer with OpenAI's headers."""
    return Reply(headers=(JSON_HEADER, *headers(identity)), frames=(msgspec.json.encode(value),), lasting=lasting)


def refused(refusal: Refusal, identity: Identity) -> Reply:
    """A refusal in OpenAI's envelope."""
    made = (JSON_HEADER, *headers(identity), *refusal.headers)
    return Reply(status=refusal.status, headers=made, frames=(openai_envelope(refusal),))
