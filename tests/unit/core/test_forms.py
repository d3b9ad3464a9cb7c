"""A form's model, found while the form streams by, however it is cut and whoever wrote it."""

import pytest

from penstock.core.forms import FormField, form_field

SOUND = (
    bytes(range(256)) * 400
    + b'\r\nContent-Disposition: form-data; name="model"\r\n\r\nsounds-like-one\r\n'
    + bytes(5_000)
)


def form(boundary: str, *parts: tuple[str, bytes], end: str = "\r\n") -> bytes:
    """Parts as headers and value."""
    found = b""
    for headers, value in parts:
        found += f"--{boundary}{end}{headers}{end}{end}".encode() + value + end.encode()
    return found + f"--{boundary}--{end}".encode()


FILE = ('Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg', SOUND)
MODEL = ('Content-Disposition: form-data; name="model"', b"whisper-1")
FORMS = {
    "OpenAI's Python SDK: fields first": ("2c5f0cb7b8b1", (MODEL, FILE)),
    "curl: in the order given": ("------------------------d74496d66958873e", (FILE, MODEL)),
    "Node: file first, many fields": (
        "----formdata-undici-0123456789",
        (FILE, *((f'Content-Disposition: form-data; name="f{number}"', b"x" * 900) for number in range(9)), MODEL),
    ),
    "with a content type": ("b", ((MODEL[0] + "\r\nContent-Type: text/plain; charset=utf-8", MODEL[1]), FILE)),
    "a little file first": ("b", ((FILE[0], b"RIFF"), MODEL)),
    "a name without quotes": ("b", (("content-disposition: form-data; name=model", MODEL[1]), FILE)),
}


def read(data: bytes, boundary: str, size: int) -> str | None:
    found = FormField(boundary.encode(), b"model")
    for at in range(0, len(data), size):
        found.see(data[at : at + size])
    return found.value


@pytest.mark.parametrize("size", [1, 37, 1024, 1 << 20])
@pytest.mark.parametrize("name", FORMS)
def test_the_field_is_found(name: str, size: int) -> None:
    """Before or behind the file, in pieces of any size; what a file's bytes look like is no field."""
    boundary, parts = FORMS[name]
    assert read(form(boundary, *parts), boundary, size) == "whisper-1"


@pytest.mark.parametrize(
    "part",
    [
        ('Content-Disposition: form-data; name="model"; filename="model"', b"whisper-1"),
        ('Content-Disposition: form-data; name="model_name"', b"whisper-1"),
        ('Content-Disposition: form-data; name="remodel"', b"whisper-1"),
        ('Content-Disposition: attachment; name="model"', b"whisper-1"),
        ('Content-Disposition: form-data; name="model"', b""),
        ('Content-Disposition: form-data; name="model"', b"x" * 201),
        ("X-Other: 1", b"whisper-1"),
    ],
)
def test_what_is_no_such_field_is_none(part: tuple[str, bytes]) -> None:
    """A file, another name, nothing, or more than any model is called."""
    assert read(form("b", part, FILE), "b", 1024) is None


def test_little_of_a_form_is_held() -> None:
    """Never more than a field's length, whatever passes."""
    found = FormField(b"b", b"model")
    for piece in (form("b", FILE), b"\r\n--b" * 1_000, b"x" * 100_000):
        found.see(piece)
        assert len(found._rest) < 2_048
    assert found.value is None


@pytest.mark.parametrize(
    ("content_type", "is_one"),
    [
        (b"multipart/form-data; boundary=abc", True),
        (b'Multipart/Form-Data; charset=utf-8; boundary="a b=c"', True),
        (b"multipart/form-data", False),
        (b"multipart/mixed; boundary=abc", False),
        (b"audio/mpeg", False),
        (None, False),
    ],
)
def test_only_a_form_with_a_boundary_is_read(content_type: bytes | None, is_one: bool) -> None:
    """What nothing can be looked for in costs nothing."""
    assert (form_field(content_type, b"model") is not None) == is_one
