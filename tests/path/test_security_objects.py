"""Mistake class: objects of others reached behind one shared credential, by naming them where, how or when nobody
looks (CVE-2026-30886, GHSA-qqcv-vg9f-5rr3): parser differentials, encodings that hide a body, cursors, upload tickets,
races. A is the maker throughout, B the attacker.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from penstock.core.ticket import PARAMETER, Ticket, mint
from tests.path.attacker import Raw, attack, send
from tests.path.stored.scene import FORM, A, B, Scene, serving
from tests.support.client import ask
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, json_answer

JSON = "Content-Type: application/json"
GENERATE = "/gemini/v1beta/models/m:generateContent"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with serving(tmp_path_factory.mktemp("scene")) as made:
        yield made


def as_b(scene: Scene, method: str, target: str, headers: Sequence[str] = (JSON,), body: bytes = b"") -> Raw:
    return attack(scene.gateway, target, (f"x-api-key: {B}", *headers), body, method=method)


BODIES = [
    ("twice", '{"input_file_id":"ID","input_file_id":"file-x"}'),
    ("twice the other way", '{"input_file_id":null,"input_file_id":"ID"}'),
    ("an escape in the key", '{"input\\u005ffile_id":"ID"}'),
    ("every letter an escape", '{"\\u0069\\u006e\\u0070\\u0075\\u0074_file_\\u0069d":"ID"}'),
    ("an escape in the value", '{"input_file_id":"\\u0066ile-NUMBER"}'),
    ("an object", '{"input_file_id":{"id":"ID"}}'),
    ("a list", '{"input_file_id":["ID"]}'),
    ("deep", '{"a":' * 50 + '{"input_file_id":"ID"}' + "}" * 50),
    ("in lists", '{"a":[[[[{"b":[{"input_file_id":"ID"}]}]]]]}'),
    ("after a number no machine holds", '{"a":1e999,"input_file_id":"ID"}'),
    ("after NaN", '{"a":NaN,"input_file_id":"ID"}'),
    ("space around", '\n\t {"input_file_id"  :\n"ID"}'),
    ("another case", '{"input_file_id":"UPPER"}'),
    ("a blank behind", '{"input_file_id":"ID "}'),
    ("a blank before", '{"input_file_id":" ID"}'),
    ("a path", '{"input_file_id":"files/ID"}'),
    ("a NUL", '{"input_file_id":"ID\\u0000"}'),
]


@pytest.mark.parametrize(("way", "body"), BODIES, ids=[way for way, _ in BODIES])
def test_a_body_names_others_objects_in_vain(scene: Scene, way: str, body: str) -> None:
    """However JSON spells it, an id that is not B's is seen, and the provider hears nothing."""
    name = scene.make_named(A, "file")
    before = scene.received()
    spelt = body.replace("UPPER", name.upper()).replace("NUMBER", name[5:]).replace("ID", name)
    got = as_b(scene, "POST", "/v1/batches", body=spelt.encode())
    assert got.status in {400, 404}, (way, got)
    assert scene.received() == before


def packed(coding: str, body: bytes) -> bytes:
    return gzip.compress(body) if coding == "gzip" else zlib.compress(body)


ENCODINGS = [
    ("gzip", ("Content-Encoding: gzip",)),
    ("gzip", ("Content-Encoding: GZIP",)),
    ("gzip", ("Content-Encoding: identity, gzip",)),
    ("gzip", ("Content-Encoding: x-gzip",)),
    ("deflate", ("Content-Encoding: deflate",)),
    ("deflate", ("Content-Encoding: deflate, identity",)),
]


@pytest.mark.parametrize(("coding", "headers"), ENCODINGS)
def test_compression_hides_nothing(scene: Scene, coding: str, headers: tuple[str, ...]) -> None:
    """What the provider would undo, the gateway undoes before it looks."""
    name = scene.make_named(A, "file")
    before = scene.received()
    body = packed(coding, json.dumps({"input_file_id": name}).encode())
    assert as_b(scene, "POST", "/v1/batches", (JSON, *headers), body).status in {400, 404}
    assert scene.received() == before


CHARSETS = [("utf-16", "utf-16-le"), ("utf-16", "utf-16-be"), ("utf-16", "utf-16"), ("utf-32", "utf-32-le"),
            ("utf-8", "utf-8-sig")]  # fmt: skip


@pytest.mark.parametrize(("said", "used"), CHARSETS)
def test_another_charset_hides_nothing(scene: Scene, said: str, used: str) -> None:
    """A body that cannot be searched as UTF-8 is refused."""
    name = scene.make_named(A, "file")
    before = scene.received()
    body = json.dumps({"input_file_id": name}).encode(used)
    assert as_b(scene, "POST", "/v1/batches", (f"{JSON}; charset={said}",), body).status == 400
    assert scene.received() == before


URIS = [
    "files/ID", "FILES/ID", "v1beta/files/ID", "/v1beta/files/ID", "//anything/v1beta/files/ID",
    "https://generativelanguage.googleapis.com/v1beta/files/ID",
    "HTTPS://GENERATIVELANGUAGE.GOOGLEAPIS.COM/v1beta/files/ID",
    "https://generativelanguage.googleapis.com:443/v1beta/files/ID",
    "https://user@generativelanguage.googleapis.com/v1beta/files/ID",
    "https://generativelanguage.googleapis.com./v1beta/files/ID",
    "https://generativelanguage.googleapis.com/v1beta//files/ID",
    "https://generativelanguage.googleapis.com/v1beta/./files/ID",
    "https://generativelanguage.googleapis.com/v1beta/files/ID?alt=media",
    "https://generativelanguage.googleapis.com/v1beta/files/ID:download",
    "https://generativelanguage.googleapis.com/v1beta/%66iles%2fID",
    " https://generativelanguage.googleapis.com/v1beta/files/ID ",
    "http://127.0.0.1/v1alpha/files/ID",
]  # fmt: skip


@pytest.mark.parametrize("uri", URIS)
def test_a_uri_names_others_files_in_vain(scene: Scene, uri: str) -> None:
    """A file's URI is its name, under whatever host, case and escapes it is written."""
    before = scene.received()
    part = {"file_data": {"file_uri": uri.replace("ID", "0001")}}
    got = as_b(scene, "POST", GENERATE, body=json.dumps({"contents": [{"parts": [part]}]}).encode())
    assert (got.status, scene.received()) == (404, before), got


PATHS = [
    ("GET", "/v1/files/ID"),
    ("HEAD", "/v1/files/ID"),
    ("GET", "/openai/v1/files/ID/content"),
    ("GET", "/v1/v1/files/ID"),
    ("GET", "/v1/files/%66ile-NUMBER"),
    ("GET", "/v1/files/ID%20"),
    ("GET", "/v1/files/ID%2fcontent"),
    ("GET", "/v1/files/UPPER"),
    ("DELETE", "/v1/files/ID"),
    ("GET", "/v1/files?after=ID"),
    ("GET", "/v1/files?%61fter=ID"),
    ("GET", "/v1/files?after=x&after=ID"),
    ("GET", "/v1/files?after=%66ile-NUMBER"),
]


@pytest.mark.parametrize(("method", "target"), PATHS)
def test_a_path_names_others_objects_in_vain(scene: Scene, method: str, target: str) -> None:
    """Escapes, prefixes, other methods and repeated cursors change nothing, and A still has its file."""
    name = scene.make_named(A, "file")
    before = scene.received()
    spelt = target.replace("UPPER", name.upper()).replace("NUMBER", name[5:]).replace("ID", name)
    got = as_b(scene, method, spelt)
    assert (got.status, scene.received()) == (404, before), got
    assert scene.ask(A, "GET", f"/v1/files/{name}").status == 200


def test_an_older_protocol_reaches_nothing_more(scene: Scene) -> None:
    """HTTP/1.0 has the same rules."""
    name = scene.make_named(A, "file")
    before = scene.received()
    got = send(scene.gateway, f"GET /v1/files/{name} HTTP/1.0\r\nx-api-key: {B}\r\n\r\n".encode())
    assert got.status == 404
    assert scene.received() == before


def test_no_header_turns_creation_into_a_list(scene: Scene) -> None:
    """A POST that the provider would serve as a GET would list everyone's: the override does not get there."""
    scene.make_named(A, "cache")
    for headers in (("X-HTTP-Method-Override: GET",), ("x-http-method: GET",)):
        assert as_b(scene, "POST", "/gemini/v1beta/cachedContents", (JSON, *headers), b'{"model":"m"}').status == 200
        assert not [name for name, _ in scene.latest().headers if "method" in name]


def test_a_forged_upload_ticket_opens_nothing(scene: Scene) -> None:
    """Tickets of another secret, another upload, another time, or with a second upload id are strangers'."""
    start = scene.ask(A, "POST", "/gemini/upload/v1beta/files", {}, x_goog_upload_command="start")
    link = urlsplit(start.headers["x-goog-upload-url"])
    good = f"{link.path}?{link.query}"
    upload, ticket = (
        dict(part.split("=", 1) for part in link.query.split("&"))[name] for name in ("upload_id", PARAMETER)
    )
    other = scene.ask(A, "POST", "/gemini/upload/v1beta/files", {}, x_goog_upload_command="start")
    theirs = dict(part.split("=", 1) for part in urlsplit(other.headers["x-goog-upload-url"]).query.split("&"))[
        "upload_id"
    ]
    forged = mint(b"x" * 32, Ticket("file:a", own=True, expires=2**40), upload)
    raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
    later = base64.urlsafe_b64encode(raw[:32] + raw[32:].replace(b".g.", b".o.")).decode()
    tries = [
        f"{link.path}?upload_id={upload}&{PARAMETER}={quote(forged)}",
        f"{link.path}?upload_id={upload}&{PARAMETER}={quote(later)}",
        f"{link.path}?upload_id={upload}&{PARAMETER}={ticket[:-4]}",
        f"{link.path}?upload_id={upload}&{PARAMETER}=",
        f"{link.path}?upload_id={upload}&{PARAMETER}=%00%ff",
        f"{link.path}?upload_id={theirs}&{PARAMETER}={ticket}",
        f"{good}&upload_id={theirs}",
        f"{good}&upload%5fid={theirs}",
        f"{good}&{PARAMETER}={ticket}",
        f"/gemini/v1beta/files?{link.query}",
        f"/gemini/v1beta/cachedContents?{link.query}",
    ]
    before = scene.received()
    for target in tries:
        got = attack(scene.gateway, target, (), b"bytes")
        assert got.status in {401, 405}, (target, got)
    # B's own key does not make A's upload B's either.
    assert as_b(scene, "POST", f"{link.path}?upload_id={upload}", (JSON,), b"x").status == 404
    assert scene.received() == before
    assert attack(scene.gateway, good, ("x-goog-upload-command: upload, finalize",), b"bytes").status == 200
    assert PARAMETER not in scene.latest().target


def test_an_escaped_ticket_stays_here(scene: Scene) -> None:
    """However its name is spelt, the ticket does not go upstream."""
    escaped = "%70" + PARAMETER[1:]
    assert scene.ask(A, "POST", f"/gemini/upload/v1beta/files?{escaped}=x&a=b", {}).status == 200
    assert scene.latest().target == "/upload/v1beta/files?a=b"


def test_an_id_is_its_makers_from_the_instant_it_is_seen(scene: Scene) -> None:
    """Many makers at once, each id used by both callers as soon as it is there: A always has it, B never."""

    def once(_: int) -> tuple[int, int]:
        name = scene.make(A, "/v1/files", FORM)["id"]
        with ThreadPoolExecutor(2) as both:
            mine = both.submit(scene.ask, A, "GET", f"/v1/files/{name}")
            theirs = both.submit(scene.ask, B, "GET", f"/v1/files/{name}")
            return mine.result().status, theirs.result().status

    with ThreadPoolExecutor(4) as many:
        assert set(many.map(once, range(16))) == {(200, 404)}


def test_two_deletes_by_two_callers(scene: Scene) -> None:
    """B's delete neither deletes nor makes the gateway forget whose it is, even while A's own is under way."""
    for _ in range(5):
        name = scene.make_named(A, "file")
        with ThreadPoolExecutor(2) as both:
            theirs = both.submit(scene.ask, B, "DELETE", f"/v1/files/{name}")
            mine = both.submit(scene.ask, A, "DELETE", f"/v1/files/{name}")
            assert (theirs.result().status, mine.result().status) == (404, 200)


def test_no_list_shows_others(scene: Scene) -> None:
    """Whatever query and headers ask of a list, nothing of A's is in B's."""
    made = scene.make_named(A, "file")
    cache = scene.make_named(A, "cache")
    for target in ("/v1/files?limit=9999", "/v1/files?limit=1&order=asc", "/v1/files?limit=-1", "/openai/v1/files?a=;",
                   "/gemini/v1beta/cachedContents?pageSize=1000&fields=*", "/gemini/v1beta/cachedContents?alt=json",
                   "/gemini/v1/cachedContents"):  # fmt: skip
        got = as_b(scene, "GET", target, ("Range: bytes=0-", "X-Goog-FieldMask: *", "If-None-Match: *"))
        assert made.encode() not in got.content, target
        assert cache.encode() not in got.content, target


@pytest.mark.parametrize("headers", [("identity", "deflate"), ("", "deflate")])
def test_a_second_encoding_header_hides_nothing(scene: Scene, headers: tuple[str, ...]) -> None:
    """Two headers are one list (RFC 9110 5.3): what the second says is undone too, or refused."""
    name = scene.make_named(A, "file")
    before = scene.received()
    body = packed("deflate", json.dumps({"input_file_id": name}).encode())
    as_b(scene, "POST", "/v1/batches", (JSON, *(f"Content-Encoding: {value}" for value in headers)), body)
    assert scene.received() == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", "input_file_id=ID&endpoint=x"),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=input_file_id\r\n\r\nID\r\n--x--",
        ),
        ("application/yaml", "input_file_id: ID"),
    ],
)
def test_a_body_that_is_no_json_names_nothing_unseen(scene: Scene, kind: str, body: str) -> None:
    """A lenient provider may read forms on every route: what the gateway cannot search it does not send."""
    name = scene.make_named(A, "file")
    before = scene.received()
    as_b(scene, "POST", "/v1/batches", (f"Content-Type: {kind}",), body.replace("ID", name).encode())
    assert scene.received() == before


def test_an_id_that_is_no_text_is_nobodys(scene: Scene) -> None:
    """Half a surrogate pair is an id that nobody has: 400 or 404, and no bug."""
    assert as_b(scene, "POST", "/v1/batches", body=b'{"input_file_id":"\\ud800"}').status in {400, 404}


@pytest.mark.parametrize(
    "uri",
    ["/files/ID", "./files/ID", "generativelanguage.googleapis.com/v1beta/files/ID", "v2/files/ID",
     "https:\\\\generativelanguage.googleapis.com\\v1beta\\files\\ID"],
)  # fmt: skip
def test_a_loose_uri_names_others_files_in_vain(scene: Scene, uri: str) -> None:
    """What a lenient reader takes for a file's name is one here too."""
    made = scene.ask(A, "POST", "/gemini/upload/v1beta/files", {}, x_goog_upload_command="start")
    link = urlsplit(made.headers["x-goog-upload-url"])
    got = attack(scene.gateway, f"{link.path}?{link.query}", ("x-goog-upload-command: upload, finalize",), b"bytes")
    assert got.status == 200
    name = scene.keepers["gemini"].made
    before = scene.received()
    part = {"file_data": {"file_uri": uri.replace("ID", f"{name:04d}")}}
    as_b(scene, "POST", GENERATE, body=json.dumps({"contents": [{"parts": [part]}]}).encode())
    assert scene.received() == before


def form(disposition: str, name: str) -> str:
    return f"--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{name}\r\n--x--\r\n"


PLAIN = "multipart/form-data; boundary=x"
FORMS = [
    (PLAIN, form('name="video[id]"', "ID")),
    (PLAIN, form("name=video[id]", "ID")),
    (PLAIN, form('NAME="video[id]"', "ID")),
    (PLAIN, form("name*=utf-8''video%5Bid%5D", "ID")),
    (PLAIN, form('name="video"', '{"id":"ID"}')),
    (PLAIN, form('name="video[id]"', "ID").replace("\r\n", "\n")),
    ('Multipart/Form-Data; BOUNDARY="x"', form('name="video[id]"', "ID")),
    ("application/x-www-form-urlencoded", "video[id]=ID"),
    ("application/x-www-form-urlencoded", "a=b&vide%6f%5bid%5D=ID"),
    ("application/x-www-form-urlencoded", 'video={"id":"ID"}'),
]


@pytest.mark.parametrize(("kind", "body"), FORMS)
def test_a_form_names_others_objects_in_vain(scene: Scene, kind: str, body: str) -> None:
    """Quotes, case, escapes and charsets of a form's parameters spell the same field."""
    name = scene.make_named(A, "video")
    before = scene.received()
    got = as_b(scene, "POST", "/v1/videos/edits", (f"Content-Type: {kind}",), body.replace("ID", name).encode())
    assert (got.status, scene.received()) == (404, before), got


READ_TWO_WAYS = [
    # What stands before the first boundary is nothing (RFC 2046 5.1.1), though it begins like JSON.
    (PLAIN, '{"a":1}\r\n' + form('name="video[id]"', "ID")),
    (PLAIN, "[]\r\n" + form('name="video[id]"', "ID")),
    # Of two equal parameters readers take the first or the last.
    ("multipart/form-data; boundary=y; boundary=x", form('name="video[id]"', "ID")),
    (PLAIN, form('name="x"; name="video[id]"', "ID")),
    # An empty file name is no file to many readers.
    (PLAIN, form('name="video[id]"; filename=""', "ID")),
]


@pytest.mark.parametrize(("kind", "body"), READ_TWO_WAYS)
def test_a_form_with_two_readings_names_nothing_unseen(scene: Scene, kind: str, body: str) -> None:
    """Where another reader would find a field that this one does not, the form is refused."""
    name = scene.make_named(A, "video")
    before = scene.received()
    as_b(scene, "POST", "/v1/videos/edits", (f"Content-Type: {kind}",), body.replace("ID", name).encode())
    assert scene.received() == before


def test_a_limit_that_is_no_limit_is_no_bug(tmp_path: Path) -> None:
    """A provider that ignores such a limit has answered; going on to B's own objects is no bug either."""
    page = b'{"object":"list","data":[{"id":"file-of-somebody"}],"has_more":true}'
    with Provider(lambda _: json_answer(page)) as provider:
        row = {"dialect": "openai", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        with Gateway(settings(openai=row), tmp_path) as gateway:
            assert ask(gateway, "/v1/files?limit=" + "9" * 4400, None, method="GET").status == 503
