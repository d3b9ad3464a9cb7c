"""OpenAI's batches: the file of one gets the words line by line while it is uploaded; every other upload passes."""

import io
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.path.terser.scene import WORDS, fresh
from tests.path.wire.house import House
from tests.path.wire.raw import LAST_CHUNK, Message, RawClient, Visit, answering, chunk, head, sized
from tests.support.client import Got, ask
from tests.support.gateway import KEY
from tests.support.spent import cpu_seconds, held_up
from tests.support.unworded import unworded
from tests.support.waiting import until

PLAIN, HALF = "mt_live_plain_canary_000000000000000000", "mt_live_half_canary_0000000000000000000"
MADE = b'{"id":"file-1","object":"file","bytes":1,"created_at":1,"filename":"a","purpose":"batch","status":"processed"}'
LIMIT = 200_000
BOUNDARY = b"----formdata-undici-0123456789"
KIND = f"multipart/form-data; boundary={BOUNDARY.decode()}"
PURPOSE = b'Content-Disposition: form-data; name="purpose"\r\n\r\n%b'
FILE = b'Content-Disposition: form-data; name="file"; filename="b.jsonl"\r\nContent-Type: text/plain\r\n\r\n%b'
OTHERS = [
    b'{"custom_id":"e","method":"POST","url":"/v1/embeddings","body":{"model":"m","input":"a"}}',
    b'{"custom_id":"j","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"a"}],'
    b'"response_format":{"type":"json_object"}}}',
    b"",
    b"no JSON",
]
"""Lines that take no words."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    keys = [
        {"name": "full", "key": KEY, "intensity": "full"},
        {"name": "plain", "key": PLAIN},
        {"name": "half", "key": HALF, "intensity": "full", "holdout": 50},
    ]
    terser = {"holdout": 0, "rules": {"full": WORDS}}
    limits = {"body": LIMIT, "upload": "48MB", "body_stall_seconds": 0.6}
    with House(tmp_path_factory.mktemp("house"), keys=keys, terser=terser, limits=limits) as running:
        yield running
        assert running.trouble == []


@pytest.fixture(autouse=True)
def provider(house: House) -> None:
    """It has a file now, whatever it was sent."""
    house.provider.play(answering(sized(MADE)))


def chat(question: str) -> bytes:
    """An oddly spaced request."""
    messages = [{"role": "system", "content": "Be k\u00efnd."}, {"role": "user", "content": question}]
    return b'{"model" :"m","messages":%b, "temperature":1.0 }' % json.dumps(messages).encode()


def response(question: str) -> bytes:
    return b'{"model":"m","instructions":"Be \\u006bind.","input":%b}' % json.dumps(question).encode()


def line(number: int, url: str, request: bytes) -> bytes:
    return b'{"custom_id": "%d", "method":"POST","url":"%b","body":%b }' % (number, url.encode(), request)


def batch(count: int = 6, end: bytes = b"\n") -> bytes:
    """Chats and responses among lines of other kinds; the last has no end."""
    rows = []
    for number in range(count):
        kind = number % 2
        request = (chat, response)[kind](fresh())
        rows += [line(number, ("/v1/chat/completions", "/v1/responses")[kind], request), OTHERS[number % len(OTHERS)]]
    return end.join(rows)


def form(*parts: bytes) -> bytes:
    return b"".join(b"--%b\r\n%b\r\n" % (BOUNDARY, part) for part in parts) + b"--%b--\r\n" % BOUNDARY


def upload(house: House, body: bytes, key: str = KEY, target: str = "/v1/files", **headers: str) -> Got:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(house.gateway, target, body, {"content-type": KIND, **named}, key=key)


def told(got: Got) -> tuple[str | None, ...]:
    return tuple(got.headers.get(f"x-penstock-{name}") for name in ("intensity", "reason", "arm"))


def arrived(house: House) -> Message:
    (found,) = house.provider.requests
    return found


def without_words(body: bytes) -> tuple[bytes, int]:
    """What it was before, and how many lines had words; found by a reader that shares no code with the gateway."""
    rows = [unworded_line(row) for row in body.decode("latin-1").split("\n")]
    return "\n".join(row for row, _ in rows).encode("latin-1"), sum(had for _, had in rows)


def unworded_line(row: str) -> tuple[str, bool]:
    if WORDS not in row:
        return row, False
    start = row.index('"body":') + 7
    _, stop = json.JSONDecoder().raw_decode(row, start)
    (url,) = re.findall(r'"url":"([^"]*)"', row)
    before = unworded(url, row[start:stop].encode(), WORDS)[0].body.decode()
    return row[:start] + before + row[stop:], True


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("first", ["purpose", "file"])
def test_every_chat_of_a_batch_gets_the_words(house: House, first: str, framing: str, end: bytes, mark: bytes) -> None:
    """And no other byte of the form is another one, nor any of what says how long it is wrong."""
    parts = [PURPOSE % b"batch", FILE % (mark + batch(end=end)), PURPOSE.replace(b"purpose", b"more") % b"\xff{}"]
    body = form(*(parts if first == "purpose" else parts[::-1]))
    credentials = (f"X-Penstock-Key: {KEY}", f"Content-Type: {KIND}")
    length = f"Content-Length: {len(body)}" if framing == "sized" else "Transfer-Encoding: chunked"
    with house.client() as client:
        client.send(head("POST /openai/v1/files HTTP/1.1", "Host: gateway", *credentials, length))
        cuts = range(0, len(body), 700)
        client.send(*((body[at : at + 700] if framing == "sized" else chunk(body[at : at + 700])) for at in cuts))
        client.send(LAST_CHUNK if framing == "chunked" else b"")
        answer = client.answer()
    assert (answer.status, answer.body) == (200, MADE)
    assert answer.header("X-Penstock-Intensity") == b"full"
    assert (answer.header("X-Penstock-Reason"), answer.header("X-Penstock-Arm")) == (b"default", b"treated")
    sent = arrived(house)
    assert without_words(sent.body) == (body, 6)
    assert (sent.header("content-length"), sent.header("content-type")) == (b"%d" % len(sent.body), KIND.encode())
    assert sent.header("transfer-encoding") is None


def test_openais_own_client_uploads_a_batch(house: House) -> None:
    """As its documentation shows it, a file object for the file."""
    file = batch()
    with openai.OpenAI(api_key=KEY, base_url=f"{house.gateway.url}/v1", max_retries=0) as client:
        made = client.files.create(file=("requests.jsonl", io.BytesIO(file)), purpose="batch")
    assert (made.id, made.purpose) == ("file-1", "batch")
    before, count = without_words(arrived(house).body)
    assert count == 6
    assert file in before
    assert b'filename="requests.jsonl"' in before


def test_each_line_is_a_conversation_of_its_own(house: House) -> None:
    """On the side where the same conversation stands alone; those that are left alone keep every byte."""
    questions = [fresh() for _ in range(40)]
    rows = [line(at, "/v1/chat/completions", chat(question)) for at, question in enumerate(questions)]
    got = upload(house, form(PURPOSE % b"batch", FILE % b"\n".join(rows)), HALF)
    assert told(got) == ("full", "default", "treated")
    body = arrived(house).body
    treated = [row not in body for row in rows]
    assert 8 <= sum(treated) <= 32
    assert without_words(body) == (form(PURPOSE % b"batch", FILE % b"\n".join(rows)), sum(treated))
    for question, has_words in list(zip(questions, treated, strict=True))[:12]:
        alone = ask(house.gateway, "/v1/chat/completions", chat(question), key=HALF)
        assert alone.headers["x-penstock-arm"] == ("treated" if has_words else "control")
    control = rows[treated.index(False)]
    house.provider.play(answering(sized(MADE)))
    left_alone = form(PURPOSE % b"batch", FILE % control)
    assert told(upload(house, left_alone, HALF)) == ("off", "default", "control")
    assert arrived(house).body == left_alone


def test_an_upload_may_want_something_else(house: House) -> None:
    """The request's own wish holds for all of its lines, whatever the key says."""
    body = form(PURPOSE % b"batch", FILE % batch())
    assert told(upload(house, body, X_Penstock_Intensity="off")) == ("off", "override", "forced")
    assert arrived(house).body == body
    house.provider.play(answering(sized(MADE)))
    assert told(upload(house, body, PLAIN, target="/v1/files?intensity=full")) == ("full", "override", "forced")
    assert without_words(arrived(house).body) == (body, 6)
    assert upload(house, body, X_Penstock_Intensity="loud").status == 400


UNTOUCHED: dict[str, tuple[bytes, str, tuple[str | None, ...]]] = {
    "a key without terser answers": (form(PURPOSE % b"batch", FILE % batch()), PLAIN, (None, None, None)),
    "another purpose": (form(PURPOSE % b"fine-tune", FILE % batch()), KEY, (None, None, None)),
    "another purpose, last": (form(FILE % batch(), PURPOSE % b"fine-tune"), KEY, (None, None, None)),
    "no purpose": (form(FILE % batch()), KEY, (None, None, None)),
    "no chats": (form(PURPOSE % b"batch", FILE % b"\n".join(OTHERS[:1] * 9)), KEY, ("off", "unreadable", "exempt")),
    "no plain form": (form(PURPOSE % b"batch", FILE % (batch() + b"--" + BOUNDARY)), KEY,
                      ("off", "unreadable", "exempt")),
    "a form of the request": (form(PURPOSE % b"batch", FILE % OTHERS[1]), KEY, ("off", "structured-output", "exempt")),
    "too large": (form(PURPOSE % b"batch", FILE % batch(2_000)), KEY, ("off", "too-large", "exempt")),
    "too large, the purpose last": (form(FILE % batch(2_000), PURPOSE % b"batch"), KEY, ("off", "too-large", "exempt")),
    "too large, of another purpose": (form(PURPOSE % b"vision", FILE % batch(2_000)), KEY, (None, None, None)),
    "too large and no lines": (form(FILE % (b"%PDF" + bytes(LIMIT)), PURPOSE % b"vision"), KEY, (None, None, None)),
}  # fmt: skip


@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize(("body", "key", "wanted"), UNTOUCHED.values(), ids=UNTOUCHED)
def test_other_uploads_keep_their_bytes(
    house: House, body: bytes, key: str, wanted: tuple[str | None, ...], framing: str
) -> None:
    """And what is too large to be held passes, and says so."""
    if framing == "chunked":
        with house.client() as client:
            credentials = (f"X-Penstock-Key: {key}", f"Content-Type: {KIND}", "Transfer-Encoding: chunked")
            client.send(head("POST /v1/files HTTP/1.1", "Host: gateway", *credentials))
            for at in range(0, len(body), 50_000):
                client.send(chunk(body[at : at + 50_000]))
            client.send(LAST_CHUNK)
            answer = client.answer()
        found = [answer.header(f"X-Penstock-{name}") for name in ("Intensity", "Reason", "Arm")]
        assert tuple(each.decode() if each else None for each in found) == wanted
    else:
        assert told(upload(house, body, key)) == wanted
    assert arrived(house).body == body


@pytest.mark.parametrize(
    ("key", "begun"),
    [
        (PLAIN, form(PURPOSE % b"batch", FILE % batch())),
        (KEY, form(PURPOSE % b"assistants", FILE % batch())),
        (KEY, form(FILE % (b"%PDF-1.7" + bytes(1000)))),
    ],
    ids=["a key without terser answers", "another purpose", "a file of another kind before its purpose"],
)
def test_no_other_upload_is_held(house: House, key: str, begun: bytes) -> None:
    """The provider has its beginning before the client has sent its end."""
    heard: list[bytes] = []

    async def script(visit: Visit) -> None:
        await visit.head()
        while begun not in visit.heard and await visit.some():
            pass
        heard.append(visit.heard)
        await visit.request()
        await visit.send(sized(MADE))

    house.provider.play(script)
    with house.client() as client:
        credentials = (f"X-Penstock-Key: {key}", f"Content-Type: {KIND}", f"Content-Length: {len(begun) + 100}")
        client.send(head("POST /v1/files HTTP/1.1", "Host: gateway", *credentials) + begun)
        until(lambda: bool(heard))
        assert begun in heard[0]
        client.send(bytes(100))
        assert client.answer().status == 200


@pytest.mark.parametrize("purpose", [b"batch", b"vision"])
def test_a_client_is_told_once_to_go_on(house: House, purpose: bytes) -> None:
    """Before anything is known of its upload, whether it is held then or not."""
    body = form(PURPOSE % purpose, FILE % batch())
    credentials = (f"X-Penstock-Key: {KEY}", f"Content-Type: {KIND}", f"Content-Length: {len(body)}")
    with house.client() as client:
        client.send(head("POST /v1/files HTTP/1.1", "Host: gateway", *credentials, "Expect: 100-continue"))
        assert client.answer().status == 100
        client.send(body)
        assert client.answer().status == 200
    assert without_words(arrived(house).body) == (body, 6 if purpose == b"batch" else 0)


@pytest.mark.parametrize("manner", ["stalls", "leaves"])
def test_a_batch_that_never_ends_reaches_nobody(house: House, manner: str) -> None:
    """It is held: half of it is worth nothing."""
    body = form(PURPOSE % b"batch", FILE % batch())
    credentials = (f"X-Penstock-Key: {KEY}", f"Content-Type: {KIND}", f"Content-Length: {len(body)}")
    with house.client() as client:
        client.send(head("POST /v1/files HTTP/1.1", "Host: gateway", *credentials) + body[:-10])
        if manner == "stalls":
            assert client.answer().status == 408
        else:
            time.sleep(0.1)
    assert told(upload(house, body)) == ("full", "default", "treated")
    assert without_words(arrived(house).body) == (body, 6)


def test_a_batchs_file_is_its_makers(house: House) -> None:
    """What is held is owned like all that is stored, and the routes beside it say nothing of terser answers."""
    assert upload(house, form(PURPOSE % b"batch", FILE % batch())).status == 200

    def look(key: str, target: str = "/v1/files/file-1") -> Got:
        return ask(house.gateway, target, None, key=key, method="GET")

    assert (look(KEY).status, look(PLAIN).status) == (200, 404)
    assert told(look(KEY)) == told(look(KEY, "/v1/files")) == (None, None, None)


def test_others_have_their_turn_while_a_long_batch_is_read(tmp_path: Any) -> None:
    """Thousands of lines take seconds: who asks meanwhile is answered at once."""
    keys = [{"name": "full", "key": KEY, "intensity": "full"}]
    with House(tmp_path, keys=keys) as house:
        house.provider.play(answering(sized(MADE)))
        rows = b"\n".join(line(at, "/v1/chat/completions", chat(f"{at}")) for at in range(20_000))
        body = form(PURPOSE % b"batch", FILE % rows)
        with house.client(timeout=30) as uploading, house.client() as asking:
            credentials = (f"X-Penstock-Key: {KEY}", f"Content-Type: {KIND}", f"Content-Length: {len(body)}")
            uploading.send(head("POST /v1/files HTTP/1.1", "Host: gateway", *credentials) + body)
            began, slowest, count = cpu_seconds(house.gateway.pid), 0.0, 0
            while not house.provider.requests:
                _, held = held_up(house.gateway.pid, lambda: healthy(asking))
                slowest, count = max(slowest, held), count + 1
            took = cpu_seconds(house.gateway.pid) - began
            assert uploading.answer().status == 200
        assert count > 20
        assert slowest < took / 3


def healthy(client: RawClient) -> None:
    client.send(head("GET /healthz HTTP/1.1", "Host: gateway"))
    assert client.answer().status == 200
