"""How stored objects are found in requests and answers, and what becomes of lists: the pure parts, case by case."""

import json
import time
from collections.abc import Callable

import pytest

from penstock.core.legible import NotReadableError
from penstock.core.route import Match, Route, Stored
from penstock.policies.own import forms, listing, naming, reading, words
from penstock.policies.own.naming import Name
from penstock.route_rows import ROWS


def row(dialect: str, operation: str) -> Stored:
    """What the table says of an operation."""
    stored = next(each.stored for each in ROWS if (each.dialect, each.operation) == (dialect, operation))
    assert stored is not None
    return stored


MESSAGES = row("anthropic", "messages.create")
RESPONSES = row("openai", "responses.create")
CHAT = row("openai", "chat.completions.create")
GENERATE = row("gemini", "models.generateContent")

BODIES = [
    (MESSAGES, "anthropic", '{"container": "c1"}', ["c1"]),
    (MESSAGES, "anthropic", '{"container": {"id": "c1", "skills": []}}', ["c1"]),
    (MESSAGES, "anthropic", '{"diagnostics": {"previous_message_id": null}}', []),
    (MESSAGES, "anthropic", '{"thread": {"type": "continue", "previous_message_id": "m1"}}', ["m1"]),
    (MESSAGES, "anthropic", '{"messages": [{"content": [{"source": {"type": "file", "file_id": "f1"}}]}]}', ["f1"]),
    (MESSAGES, "anthropic", '{"messages": [{"content": [{"input": {"file_id": "f1", "container": "c"}}]}]}', []),
    (MESSAGES, "anthropic", '{"messages": [{"content": [{"citations": [{"file_id": "f1"}]}]}]}', []),
    (MESSAGES, "anthropic", '{"messages": [{"content": "\\"file_id\\": \\"f1\\""}]}', []),
    (RESPONSES, "openai", '{"conversation": "c1", "previous_response_id": "r1"}', ["c1", "r1"]),
    (RESPONSES, "openai", '{"conversation": {"id": "c1"}}', ["c1"]),
    (RESPONSES, "openai", '{"tools": [{"container": {"type": "auto", "file_ids": ["f1", "f2"]}}]}', ["f1", "f2"]),
    (RESPONSES, "openai", '{"tools": [{"vector_store_ids": ["v1"]}]}', ["v1"]),
    (RESPONSES, "openai", '{"text": {"format": {"schema": {"properties": {"file_id": "x"}}}}}', []),
    (RESPONSES, "openai", '{"input": [{"type": "item_reference", "id": "i1"}]}', ["i1"]),
    (RESPONSES, "openai", '{"input": [{"id": "i1"}, {"id": "i2", "role": "user"}]}', ["i1"]),
    (RESPONSES, "openai", '{"input": [7, {"type": "reasoning", "id": "i1"}]}', ["i1"]),
    (RESPONSES, "openai", '{"input": [{"type": "reasoning", "id": "i1", "encrypted_content": "x"}]}', []),
    (RESPONSES, "openai", '{"input": [{"type": "image_generation_call", "id": "i1", "result": "x"}]}', []),
    (RESPONSES, "openai", '{"input": [{"type": "image_generation_call", "id": "i1", "result": null}]}', ["i1"]),
    (RESPONSES, "openai", '{"input": [{"type": "code_interpreter_call", "container_id": "c1"}]}', ["c1"]),
    (RESPONSES, "openai", '{"input": [{"content": [{"annotations": [{"file_id": "f1", "container_id": "c1"}]}]}]}', []),
    (RESPONSES, "openai", '{"input": "hi", "model": "ft:x"}', ["ft:x"]),
    (RESPONSES, "openai", '{"input": "hi", "model": "gpt-5"}', []),
    (RESPONSES, "openai", '{"input": "hi", "model": "\\u0066t:x"}', ["ft:x"]),
    (CHAT, "openai", '{"messages": [{"audio": {"id": "a1"}}], "audio": {"voice": "alloy", "format": "wav"}}', ["a1"]),
    (CHAT, "openai", '{"tools": [{"function": {"parameters": {"properties": {"file_id": {"id": "x"}}}}}]}', []),
    (GENERATE, "gemini", '{"cachedContent": "cachedContents/1"}', ["cachedContents/1"]),
    (GENERATE, "gemini", '{"tools": [{"fileSearch": {"fileSearchStoreNames": ["s/1"]}}]}', ["s/1"]),
    (GENERATE, "gemini", '{"contents": [{"parts": [{"functionResponse": {"response": {"fileUri": "files/1"}}}]}]}', []),
]  # fmt: skip


@pytest.mark.parametrize(("stored", "dialect", "body", "ids"), BODIES, ids=[body for _, _, body, _ in BODIES])
def test_the_names_in_a_body(stored: Stored, dialect: str, body: str, ids: list[str]) -> None:
    """Each place that a provider looks up is found; what is the caller's own data is left alone."""
    assert sorted(name.id for name in naming.in_body(stored, body.encode(), dialect)) == ids


URIS = {
    "files/abc": "files/abc",
    "https://generativelanguage.googleapis.com/v1beta/files/abc": "files/abc",
    "https://generativelanguage.googleapis.com/v1beta/files/abc:download?alt=media": "files/abc",
    "HTTPS://GENERATIVELANGUAGE.GOOGLEAPIS.COM/v1beta/files/abc": "files/abc",
    "https://generativelanguage.mtls.googleapis.com/download/v1/files/abc": "files/abc",
    "http://127.0.0.1:9/v1beta/files/abc": "files/abc",
    "//generativelanguage.googleapis.com/v1/files/abc": "files/abc",
    "https://generativelanguage.googleapis.com/v1beta/%66iles/abc": "files/abc",
    " files/abc": "files/abc",
    "https://www.youtube.com/watch?v=files/abc": None,
    "https://example.com/files/abc": None,
    "https://storage.googleapis.com/bucket/files/abc": None,
    "gs://bucket/files/abc": None,
}


@pytest.mark.parametrize(("uri", "name"), URIS.items())
def test_the_file_in_a_uri(uri: str, name: str | None) -> None:
    """Whatever a provider's file may be called by is that file; public addresses are no stored objects."""
    body = json.dumps({"contents": [{"parts": [{"fileData": {"fileUri": uri}}]}]}).encode()
    assert [each.id for each in naming.in_body(GENERATE, body, "gemini")] == ([name] if name else [])


@pytest.mark.parametrize(
    "body", [b'{"file_id": ', b'{"file_id": 1' + b"[" * 100_000, b"\xef\xbb\xbf{}", b"{\x00\x00\x00"]
)
def test_a_body_that_cannot_be_looked_through_is_not_passed(body: bytes) -> None:
    """Where names may stand in what cannot be read, the request is refused rather than trusted."""
    with pytest.raises(NotReadableError):
        naming.in_body(CHAT, body, "openai")


def test_a_long_body_without_names_is_not_decoded() -> None:
    """Half a megabyte of chat, non-ASCII escapes included, costs a scan and not a tree."""
    text = json.dumps({"messages": [{"role": "user", "content": 'wörter \n\t"quoted" ' * 20} for _ in range(1200)]})
    body = text.encode()
    assert len(body) > 400_000
    assert naming.in_body(MESSAGES, body, "anthropic") == []
    assert quickest(lambda: naming.in_body(MESSAGES, body, "anthropic")) < quickest(
        lambda: json.loads(body, object_pairs_hook=list)
    )


def quickest(work: Callable[[], object]) -> float:
    """The shortest of several times, which other load on the machine disturbs least."""
    times = []
    for _ in range(7):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


VIDEO = row("openai", "videos.edit")


def multipart(*parts: str) -> bytes:
    """Parts as they stand between boundaries, headers and all."""
    return ("--b\r\n" + "\r\n--b\r\n".join(parts) + "\r\n--b--\r\n").encode()


FORMS = [
    (('Content-Disposition: form-data; name="video[id]"\r\n\r\nvideo_1',), ["video_1"]),
    (('Content-Disposition: form-data; name="video"\r\n\r\nvideo_1',), ["video_1"]),
    (('Content-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n{"file_id": "x"}',), []),
    (('Content-Disposition: form-data; name="input_reference[file_id]"\r\n\r\nfile-1',), ["file-1"]),
    (('Content-Disposition: form-data; name="images[0][file_id]"\r\n\r\nfile-1',), ["file-1"]),
    (("content-disposition:form-data; name=file_id\r\n\r\nfile-1",), ["file-1"]),
    (("Content-Disposition: form-data; name*=utf-8''file%5Fid\r\n\r\nfile-1",), ["file-1"]),
    (('X: y\nContent-Disposition: form-data; name="file_id"\n\nfile-1',), ["file-1"]),
    (('Content-Disposition: form-data; name="video"\r\nContent-Type: application/json\r\n\r\n{"file_id": "f1"}',),
     ["f1", '{"file_id": "f1"}']),
    (('Content-Disposition: form-data; name="prompt"\r\n\r\nthe file_id of video[id]',), []),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "ids"), FORMS, ids=[parts[0][:60] for parts, _ in FORMS])
def test_the_names_in_a_form(parts: tuple[str, ...], ids: list[str]) -> None:
    """However a part spells its own name, a field that names is found; files and other fields are not read."""
    body = multipart('Content-Disposition: form-data; name="prompt"\r\n\r\nhi', *parts)
    assert [name.id for name in forms.in_form(VIDEO, body, b"multipart/form-data; boundary=b", "openai")] == ids


def test_an_encoded_form_names_too() -> None:
    """A provider's form parser takes both encodings."""
    kind = b"application/x-www-form-urlencoded"
    assert [name.id for name in forms.in_form(VIDEO, b"prompt=a&video%5Bid%5D=v%5F1", kind, "openai")] == ["v_1"]


def test_a_form_without_a_boundary_is_not_passed() -> None:
    """What cannot be taken apart cannot be trusted to name nothing."""
    with pytest.raises(NotReadableError):
        forms.in_form(VIDEO, b"--b", b"multipart/form-data", "openai")


KEEPING = [
    (RESPONSES, '{"input": "hi"}', True),
    (RESPONSES, '{"input": "hi", "store": true}', True),
    (RESPONSES, '{"input": "hi", "store": false}', False),
    (RESPONSES, '{"input": "hi", "store" : false, "tools": [{"type": "code_interpreter"}]}', True),
    (RESPONSES, '{"input": "say \\"store\\": false"}', True),
    (CHAT, '{"messages": []}', False),
    (CHAT, '{"messages": [], "store": true}', True),
    (MESSAGES, '{"messages": []}', False),
    (MESSAGES, '{"messages": [], "thread": {"type": "create"}}', True),
    (MESSAGES, '{"tools": [{"type": "code_execution_20250825"}]}', True),
]


@pytest.mark.parametrize(("stored", "body", "keeps"), KEEPING, ids=[body for _, body, _ in KEEPING])
def test_which_requests_make_something(stored: Stored, body: str, keeps: bool) -> None:
    """Only answers that can name something later are held up for the record."""
    assert naming.keeps(stored, body.encode()) is keeps


def test_names_in_path_and_query() -> None:
    """A parameter spells a longer name out where the row says so; a repeated query parameter names several."""
    stored = Stored(names=("files/{file}",), queries=("after",))
    match = Match(Route("GET", "/v1/files/{file}", "gemini", "x"), (("file", "abc"),), "/v1/files/abc", "")
    assert naming.in_path(stored, match) == [Name("file", "files/abc")]
    assert naming.in_query(stored, b"after=a%2D1&limit=3&after=b") == [Name("after", "a-1"), Name("after", "b")]


def test_ids_are_read_at_their_paths_alone() -> None:
    """What a model wrote into a tool's input makes nobody the owner of anything."""
    answer = {
        "id": "msg_1",
        "container": {"id": "c1"},
        "content": [
            {"type": "tool_use", "input": {"file_id": "stolen", "container": {"id": "stolen"}}},
            {"type": "bash_code_execution_tool_result", "content": {"content": [{"file_id": "f1"}, {"file_id": "f1"}]}},
        ],
    }
    assert reading.ids(answer, MESSAGES.makes) == ["msg_1"]
    assert reading.ids(answer, MESSAGES.claims) == ["c1", "f1"]
    assert reading.ids([answer], MESSAGES.makes) == []
    assert reading.first_ids({"type": "message_start", "message": answer}, MESSAGES.makes) == ["msg_1"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_events_are_read_whatever_ends_their_lines(end: bytes) -> None:
    """All line ends of the format, comments, and data over several lines; what is no JSON is passed over."""
    stream = b': hi\n\nevent: a\ndata: {\ndata:  "n": 1}\n\ndata: [DONE]\n\ndata:{"n": 2}\n\n'.replace(b"\n", end)
    assert list(reading.events(stream)) == [{"n": 1}, {"n": 2}]
    assert list(reading.events(stream, (b"2",))) == [{"n": 2}]


PAGE = (
    b'{"object": "list", "data": [{"id" : "a"}, {"id":"b","x":1.0}, {"x":"id"}], '
    b'"first_id": "a", "last_id": "b", "has_more": true, "z": [ 1 ]}'
)


def page(body: bytes = PAGE, field: str = "data", element: str = "id") -> listing.Page:
    found = listing.read(body, field, element)
    assert found is not None
    return found


def test_a_cut_page_keeps_the_bytes_of_its_elements() -> None:
    """Elements and the envelope's other values are as they were; the cursors name what is there."""
    cut = listing.own(page(), {"b"})
    assert listing.written(cut, "data") == (
        b'{"object":"list","data":[{"id":"b","x":1.0}],"first_id":"b","last_id":"b","has_more":true,"z":[ 1 ]}'
    )
    empty = json.loads(listing.written(listing.own(page(), set()), "data"))
    assert (empty["data"], empty["first_id"], empty["last_id"]) == ([], None, None)


def test_a_page_is_cut_to_the_size_that_was_asked_for() -> None:
    """What was cut off comes again, so the page says that there is more."""
    whole = page(PAGE.replace(b"true", b"false"))
    assert json.loads(listing.written(listing.own(whole, {"a", "b"}, 1), "data"))["has_more"] is True
    assert json.loads(listing.written(listing.own(whole, {"a", "b"}, 2), "data"))["has_more"] is False


FOLLOWING = [
    ("openai", b"", PAGE, b"after=b&limit=100"),
    ("openai", b"order=asc&limit=7&after=x", PAGE, b"order=asc&after=b&limit=100"),
    ("openai", b"limit=5000", PAGE, b"after=b&limit=5000"),
    ("openai", b"before=q", PAGE, b"before=a"),
    ("anthropic", b"limit=1", PAGE, b"after_id=b&limit=100"),
    ("anthropic", b"before_id=q&limit=1", PAGE, b"limit=1&before_id=a"),
    ("anthropic", b"limit=2&page=1", b'{"data": [], "next_page": "p 2"}', b"limit=2&page=p%202"),
    ("gemini", b"pageSize=2", b'{"data": [], "nextPageToken": "t="}', b"pageSize=2&pageToken=t%3D"),
    ("gemini", b"", b'{"data": [{"id": "a"}]}', None),
]


@pytest.mark.parametrize(("dialect", "query", "body", "expected"), FOLLOWING)
def test_the_query_for_the_next_page(dialect: str, query: bytes, body: bytes, expected: bytes | None) -> None:
    """By token where the list gives one, else by its last element, or backwards by its first."""
    assert listing.following(query, page(body), dialect) == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"data": 7}', b'{"data": [7]}', b'"data"'])
def test_what_is_no_page_is_not_taken_for_one(body: bytes) -> None:
    """An answer that cannot be cut must not pass for one that needs no cut."""
    assert listing.read(body, "data", "id") is None


def test_words_say_the_id_and_nothing_of_the_gateway() -> None:
    """Every row's names have words in the provider's manner."""
    for route in ROWS:
        stored = route.stored
        if stored is None:
            continue
        for field in (*map(naming.parameter_of, stored.names), *stored.fields, *stored.queries):
            said, _ = words.not_found(route.dialect, Name(field, "files/zzz" if route.dialect == "gemini" else "zzz"))
            assert "zzz" in said
            assert "gateway" not in said.lower()
            assert "penstock" not in said.lower()
