"""Parts of a content: which bytes hang on it, which of it is an address, and what must stay as it is."""

from collections.abc import Callable

import pytest

from penstock.core.text import Sort
from penstock.dialects.openai.parts import attached, elsewhere, part, sealing, signed, spelt_out, tokens
from penstock.dialects.walked import Shape
from tests.unit.dialects.seen import seen

PNG, PDF = '"data:image/png;base64,iVBO"', '"data:application/pdf;base64,JVBE"'
LINK = '"https://x.org/a"'


def image() -> Shape:
    return attached(Sort.IMAGE)


def bare() -> Shape:
    return attached(Sort.IMAGE, bare=True)


ATTACHED: tuple[tuple[Callable[[], Shape], str, list[str]], ...] = (
    (image, PNG, [f"image in {PNG} of which {PNG}"]),
    (image, PDF, [f"pdf in {PDF} of which {PDF}"]),
    (image, LINK, [f"elsewhere in {LINK}"]),
    (image, '"iVBO"', ['elsewhere in "iVBO"']),
    (bare, '"iVBO"', ['image in "iVBO" of which "iVBO"']),
    (bare, '"JVBERi0x"', ['pdf in "JVBERi0x" of which "JVBERi0x"']),
    (bare, PNG, [f"image in {PNG} of which {PNG}"]),
    (image, f'{{"image_url":{PNG}}}', [f'image in {{"image_url":{PNG}}} of which {PNG}']),
    (image, f'{{"url":{LINK}}}', [f'elsewhere in {{"url":{LINK}}}']),
    (image, f'{{"type":"t","image_url":{{"url":{PNG},"detail":"low"}}}}',
     [f'image in {{"type":"t","image_url":{{"url":{PNG},"detail":"low"}}}} of which {PNG}']),
    *((image, f'{{"{name}":{LINK}}}', [f'elsewhere in {{"{name}":{LINK}}}'])
      for name in ("file_url", "audio_url", "video_url", "document_url", "file", "input_audio", "image_file",
                   "file_id", "id")),
    *((image, f'{{"file":{{"{name}":"QUJD"}}}}', [f'image in {{"file":{{"{name}":"QUJD"}}}} of which "QUJD"'])
      for name in ("file_data", "data")),
    (image, '{"file_data":"JVBERi0x"}', ['pdf in {"file_data":"JVBERi0x"} of which "JVBERi0x"']),
    (image, f'{{"data":{PDF}}}', [f'pdf in {{"data":{PDF}}} of which {PDF}']),
    (image, f'{{"data":{PNG}}}', [f'image in {{"data":{PNG}}} of which {PNG}']),
    (image, '{"data":{"b":["word"]}}', ["name: b", "other: word", 'unknown: {"b":["word"]}']),
    (image, '{"image_url":["word"]}', ["other: word", 'unknown: ["word"]']),
    (image, '{"filename":"n","document_name":"d"}', ["document: n", "document: d"]),
    (image, '{"type":"t","detail":"d","prompt_cache_breakpoint":{"a":"b"},"cache_control":{"a":"b"},"format":"wav",'
            '"mime_type":"m","media_type":"m","status":"s"}', []),
    (image, '{"scent":"rose"}', ["name: scent", "other: rose", 'unknown: "rose"']),
)  # fmt: skip


@pytest.mark.parametrize(("shape", "value", "expected"), ATTACHED)
def test_what_hangs_on_a_part(shape: Callable[[], Shape], value: str, expected: list[str]) -> None:
    """Bytes, addresses and ids belong to the whole part, however deep they stand in it."""
    assert seen(shape(), value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('{"type":"thinking","thinking":"hm","signature":"c2ln"}', ["sealed"]),
        ('{"thinking":"hm","signature":"a"}', ["sealed"]),
        ('{"thinking":"hm","signature":""}', ["user: hm"]),
        ('{"thinking":"hm","signature":null,"format":"f","index":0,"id":"i","type":"t"}', ["user: hm"]),
        ('{"thinking":"hm","signature":{}}', ["user: hm"]),
        ('{"thinking":"hm","signature":["a"]}', ["sealed"]),
        ('{"thinking":"hm","reason":"so"}', ["user: hm", "user: so"]),
        ('{"thinking":[{"type":"text","text":"a"},"b"]}', ["user: a", "user: b"]),
        ('{"signature":"","other":"x"}', ["name: other", "other: x", 'unknown: "x"']),
        ('{"signature":"","id":{"x":"y"},"format":["z"]}', []),
    ],
)
def test_thinking_with_a_signature_stays(value: str, expected: list[str]) -> None:
    """Without one it is what the model said, in a string or in parts."""
    assert seen(signed("thinking", "reason"), value) == expected


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (sealing, '"e"', ["sealed"]), (sealing, '""', []), (sealing, "{}", ["sealed"]), (sealing, "null", ["sealed"]),
        (elsewhere, '"f"', ['elsewhere in "f"']), (elsewhere, "[]", []), (elsewhere, '["f"]', ['elsewhere in ["f"]']),
        (spelt_out, "[]", []), (spelt_out, '[{"token":"a"}]', ['unknown in [{"token":"a"}]']), (spelt_out, "null", []),
        (tokens, "[1, 2]", ["unknown in [1, 2]"]), (tokens, "[[1]]", ["unknown in [[1]]"]),
        (tokens, "7", ["unknown in 7"]),
        (tokens, '["a", "b"]', ["user: a", "user: b"]), (tokens, '"a"', ["user: a"]),
        (tokens, '["a", 1]', ['unknown in ["a", 1]']), (tokens, '[{"type":"text","text":"a"}]', ["user: a"]),
        (part, '"a"', ["user: a"]), (part, '{"type":"text","text":{"value":"a","annotations":[]}}', ["user: a"]),
        (part, '{"type":"text","text":"a","annotations":[{"type":"file_citation","quote":"q","file_id":"f"}]}',
         ["user: a", "document: q"]),
    ],
)  # fmt: skip
def test_rare_parts(shape: Shape, value: str, expected: list[str]) -> None:
    """Each of its own form."""
    assert seen(shape, value) == expected
