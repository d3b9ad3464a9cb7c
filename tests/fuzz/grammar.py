"""Bytes that are nearly HTTP: what a parser is most likely to trip over."""

from hypothesis import strategies as st

_NAMES = st.sampled_from(
    ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade", "Content-Encoding", "Trailer",
     "X-A", "x-api-key", "", "Bad Name", "X-\x00", "TE", "HTTP2-Settings", "Content-Type"]
)  # fmt: skip
_VALUES = st.sampled_from(
    ["gateway", "0", "3", "5", "-1", "99999999999999999999", "3, 3", "chunked", "Chunked", "gzip, chunked", "identity",
     "close", "keep-alive", "Upgrade", "100-continue", "h2c", "websocket", "gzip", "", " ", "a" * 300, "\x00",
     "a\r\n b", "text/event-stream", "application/json"]
)  # fmt: skip
_LINE_ENDS = st.sampled_from(["\r\n"] * 9 + ["\n", "\r", ""])
_COLONS = st.sampled_from([": "] * 5 + [":", " : ", ""])
_HEADERS = st.lists(
    st.builds(lambda name, colon, value, end: f"{name}{colon}{value}{end}", _NAMES, _COLONS, _VALUES, _LINE_ENDS),
    max_size=6,
).map("".join)
_CHUNKS = st.sampled_from(
    ["3\r\nabc\r\n", "0\r\n\r\n", "0\r\nX: y\r\n\r\n", "3;a=b\r\nabc\r\n", "3\nabc\n", "zz\r\n", "\r\n",
     "3\r\nabcd\r\n", "ffffffffffffffffff\r\n", "-1\r\n", "5\r\nab"]
)  # fmt: skip
_BODIES = st.one_of(
    st.just(""), st.sampled_from(["abc", "abcde", "{}", "data: 1\n\n"]), st.lists(_CHUNKS, max_size=4).map("".join)
)
_METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "PRI", "get", "", "G\x00T"])
_TARGETS = st.sampled_from(
    ["/echo", "/refuse", "/sink", "/pieces/a/b", "/status/204", "/late/0.001", "/bug", "*", "http://gateway/echo",
     "//echo", "/a#b", "/" + "a" * 300, "", "gateway:80", "/\xe4"]
)  # fmt: skip
_VERSIONS = st.sampled_from([" HTTP/1.1"] * 6 + [" HTTP/1.0", " HTTP/2.0", " HTTP/1.", "", " http/1.1", " HTTP/1.1 "])
_STATUSES = st.sampled_from(
    ["200 OK", "204 No", "304 No", "100 Continue", "101 Switch", "103 Hints", "500 Oh", "0", "99999", "", "2x0"]
)


def _nearly(start: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    blank = st.sampled_from(["\r\n"] * 5 + ["\n", ""])
    return st.builds(
        lambda first, end, headers, empty, body: f"{first}{end}{headers}{empty}{body}".encode("latin-1"),
        start, _LINE_ENDS, _HEADERS, blank, _BODIES,
    )  # fmt: skip


GOOD_REQUEST = b"POST /echo HTTP/1.1\r\nHost: gateway\r\nContent-Length: 3\r\n\r\nabc"
GOOD_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
CHUNKED_ANSWER = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"

_REQUEST = _nearly(st.builds(lambda *parts: "{} {}{}".format(*parts), _METHODS, _TARGETS, _VERSIONS))
_ANSWER = _nearly(
    st.builds(
        lambda version, status: f"{version} {status}",
        st.sampled_from(["HTTP/1.1"] * 5 + ["HTTP/1.0", "HTTP/2"]),
        _STATUSES,
    )
)

REQUESTS = st.lists(st.just(GOOD_REQUEST) | _REQUEST | st.binary(max_size=40), min_size=1, max_size=4).map(b"".join)
ANSWERS = st.lists(
    st.sampled_from([GOOD_ANSWER, CHUNKED_ANSWER]) | _ANSWER | st.binary(max_size=40), min_size=1, max_size=3
).map(b"".join)
CUTS = st.lists(st.integers(0, 600), max_size=8)
