"""E-mail addresses: what is one, what only looks like one, and whose are nobody's."""

import pytest

from penstock.core.finding import Matter
from penstock.detection.engine import engine

FOUND = [
    ("Ask joe@corp.de.", "joe@corp.de"),
    ("Ask joe@corp.de.Then go.", "joe@corp.de"),
    ("<a href='mailto:joe.o'neill+x@mail.corp.co.uk'>", "joe.o'neill+x@mail.corp.co.uk"),
    ('{"email":"Jane_Doe@corp.io"}', "Jane_Doe@corp.io"),
    ("login 'joe@corp.com', ok", "joe@corp.com"),
    ("Größe: jürgen@müller.de!", "jürgen@müller.de"),
    ("пишите: иван@пример.рф", "иван@пример.рф"),
    ("x@xn--mller-kva.de and more", "x@xn--mller-kva.de"),
    ("joe@startup.newname is new", "joe@startup.newname"),
    ("a tool said:\\njoe@corp.de\\nbye", "joe@corp.de"),
    ("to=%3Cjoe@corp.de%3E", "joe@corp.de"),
    ("https://host/?to=joe%40corp.de&x", "joe%40corp.de"),
    ('{"to": "joe\\u0040corp.de"}', "joe\\u0040corp.de"),
    ("joe\u200b@corp.de", "joe\u200b@corp.de"),
    ("ｊｏｅ＠ｃｏｒｐ．ｄｅ", "ｊｏｅ＠ｃｏｒｐ．ｄｅ"),
    ("&lt;joe&#64;corp.de&gt;", "joe&#64;corp.de"),
    ("joe=40corp=2Ede", "joe=40corp=2Ede"),
]


@pytest.mark.parametrize(("text", "value"), FOUND)
def test_an_address_is_found(text: str, value: str) -> None:
    """All of it and nothing else, however it is written."""
    found = engine(frozenset({"email"})).find(text, Matter.USER)
    assert [text[one.start : one.end] for one in found] == [value]


LEFT = [
    "git clone git@github.com:org/repo.git",
    "git@git.corp.de:team/repo.git",
    "https://user:secret@corp.de/path",
    "https://token@corp.de/path",
    "x@y.invalid, me@mail.localhost, root@localhost",
    "1234+joe@users.noreply.github.com",
    "noreply@corp.de No-Reply@corp.de do_not_reply@corp.de",
    "icon@2x.png left-pad@1.2.3 node_modules/@types/node",
    "loss = x@w.T + a@b.grad + layers@self.weight",
    "@decorator\ndef f(): ...",
    "someone@something",
    "a@b",
]


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_address_or_nobodys_is_left_alone(text: str) -> None:
    """Remotes, logins, reserved names, files, versions and code."""
    assert not engine(frozenset({"email"})).find(text, Matter.RESULT)
