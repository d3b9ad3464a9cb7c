"""Paths and methods to operations; what does not match is told why."""

import pytest

from penstock.core.fault import FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.route_rows import ROWS
from penstock.routes import dialect_of, match

VERSION = ((b"anthropic-version", b"2023-06-01"),)


@pytest.mark.parametrize(
    ("method", "target", "headers", "operation", "path"),
    [
        ("POST", "/v1/messages?beta=true", (), "anthropic messages.create", "/v1/messages"),
        ("POST", "/anthropic/v1/messages", (), "anthropic messages.create", "/v1/messages"),
        ("POST", "/v1/v1/messages", (), "anthropic messages.create", "/v1/messages"),
        ("POST", "/anthropic/v1/v1/messages", (), "anthropic messages.create", "/v1/messages"),
        ("POST", "/v1/messages/count_tokens", (), "anthropic messages.count_tokens", "/v1/messages/count_tokens"),
        ("POST", "/v1/chat/completions", (), "openai chat.completions.create", "/chat/completions"),
        ("POST", "/v1/chat/completions", VERSION, "openai chat.completions.create", "/chat/completions"),
        ("POST", "/openai/v1/chat/completions", (), "openai chat.completions.create", "/chat/completions"),
        ("GET", "/v1/models", (), "openai models.list", "/models"),
        ("GET", "/v1/models?limit=1000", VERSION, "anthropic models.list", "/v1/models"),
        ("GET", "/v1/models", ((b"anthropic-beta", b"x"),), "anthropic models.list", "/v1/models"),
        ("GET", "/anthropic/v1/models", (), "anthropic models.list", "/v1/models"),
        ("GET", "/openai/v1/models", VERSION, "openai models.list", "/models"),
        ("GET", "/v1/models/gpt-4o", (), "openai models.retrieve", "/models/gpt-4o"),
        ("GET", "/v1/models/ft:gpt-4o:org::id", (), "openai models.retrieve", "/models/ft:gpt-4o:org::id"),
        ("GET", "/v1/models/meta%2Fllama", (), "openai models.retrieve", "/models/meta%2Fllama"),
        ("HEAD", "/v1/models", (), "openai models.list", "/models"),
        ("GET", "/v1/files", (), "openai files.list", "/files"),
        ("GET", "/v1/files", VERSION, "anthropic files.list", "/v1/files"),
        ("POST", "/gemini/v1beta/models/g-1.5:generateContent", (), "gemini models.generateContent",
         "/v1beta/models/g-1.5:generateContent"),
        ("POST", "/gemini/v1/models/g:streamGenerateContent?alt=sse", (), "gemini models.streamGenerateContent",
         "/v1/models/g:streamGenerateContent"),
        ("POST", "/gemini/v1alpha/models/g:countTokens", (), "gemini models.countTokens",
         "/v1alpha/models/g:countTokens"),
        ("GET", "/gemini/v1beta/models/g", (), "gemini models.retrieve", "/v1beta/models/g"),
    ],
)  # fmt: skip
def test_a_path_leads_to_its_dialect_and_operation(
    method: str, target: str, headers: tuple[tuple[bytes, bytes], ...], operation: str, path: str
) -> None:
    """Dialect, operation and the provider's path."""
    found = match(RequestHead(method, target.encode(), headers))
    assert f"{found.route.dialect} {found.route.operation}" == operation
    assert found.path == path


@pytest.mark.parametrize(
    ("method", "target", "status", "says"),
    [
        ("POST", "/v1/nothing", 404, "no such route"),
        ("POST", "/v1/messages/", 404, "no such route"),
        ("POST", "//v1/messages", 404, "no such route"),
        ("POST", "/V1/messages", 404, "no such route"),
        ("POST", "/chat/completions", 404, "/v1/chat/completions"),
        ("POST", "/messages", 404, "/v1/messages"),
        ("POST", "/v1beta/models/g:generateContent", 404, "/gemini/v1beta/models/g:generateContent"),
        ("GET", "/v1/messages", 405, "takes POST"),
        ("DELETE", "/v1/chat/completions", 405, "takes"),
        ("OPTIONS", "/v1/messages", 405, "takes POST"),
        ("GET", "/v1/files/..%2f..%2fadmin", 404, "no identifier"),
        ("GET", "/v1/files/%2e%2e", 404, "no identifier"),
        ("GET", "/v1/files/..", 404, "no identifier"),
        ("GET", "/v1/files/a%0d%0ax", 404, "no identifier"),
        ("GET", "/v1/files/a%00", 404, "no identifier"),
        ("GET", "/v1/files/a%3Fb", 404, "no identifier"),
        ("GET", "/v1/files/http://evil", 404, "no such route"),
        ("GET", "/v1/../v1/files", 404, "no such route"),
        ("GET", "http://evil.example/v1/models", 404, "no such route"),
        ("GET", "*", 404, "no such route"),
        ("GET", "", 404, "no such route"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_why(method: str, target: str, status: int, says: str) -> None:
    """404 or 405 in words that name the cause; nothing that could climb out of a template passes."""
    with pytest.raises(FaultError) as missed:
        match(RequestHead(method, target.encode(), ()))
    assert missed.value.fault.status == status
    assert says in missed.value.fault.words


def test_405_names_what_is_allowed() -> None:
    """The Allow header's values."""
    with pytest.raises(FaultError) as missed:
        match(RequestHead("PUT", b"/v1/files", ()))
    assert missed.value.fault.kind is FaultKind.METHOD_NOT_ALLOWED
    assert set(missed.value.fault.allow) == {"GET", "POST"}


@pytest.mark.parametrize(
    ("target", "headers", "dialect"),
    [
        ("/v1/nothing", (), "openai"),
        ("/v1/nothing", VERSION, "anthropic"),
        ("/anthropic/nothing", (), "anthropic"),
        ("/gemini/nothing", (), "gemini"),
        ("/v1/messages", (), "anthropic"),
    ],
)
def test_the_dialect_of_a_fault(target: str, headers: tuple[tuple[bytes, bytes], ...], dialect: str) -> None:
    """A path that means nothing is answered in the dialect that the client most likely speaks."""
    assert dialect_of(RequestHead("POST", target.encode(), headers)) == dialect


def test_rows_are_unique() -> None:
    """No two rows claim the same method and path of a dialect."""
    places = [(row.dialect, row.method, row.template) for row in ROWS]
    assert len(places) == len(set(places))
