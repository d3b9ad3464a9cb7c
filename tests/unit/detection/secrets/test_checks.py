"""The computed checks, held against values that others published."""

import pytest

from penstock.core.finding import Matter
from penstock.detection.rule import Candidate
from penstock.detection.secrets import checksums
from penstock.detection.secrets.checks import CHECKS, MADE, named_check
from penstock.detection.secrets.formats import formats
from penstock.detection.secrets.labels import Label, label_of, name_before
from penstock.detection.secrets.placeholders import is_everyday
from penstock.detection.secrets.strength import entropy, is_gibberish, is_random
from penstock.detection.secrets.surroundings import Edge, stands_alone

FOR_ASCII = {"base58"}
"""Checks whose patterns let nothing but their own alphabet through."""


def candidate(text: str, value: str) -> Candidate:
    """The value where it stands in the text."""
    start = text.index(value)
    return Candidate(value, text, start, start + len(value), Matter.RESULT)


def test_published_checksums() -> None:
    """BIP 32's first test vector, a test key of age, the JWT of RFC 7515."""
    assert checksums.base58(
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"
    )
    assert checksums.bech32("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX")
    assert checksums.jwt(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
        "bS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )


def test_what_cannot_be_decoded_is_no_token() -> None:
    """Neither raises: texts are whatever somebody sends."""
    assert not checksums.jwt("eyJ.eyJ.x")
    assert not checksums.jwt("bm90IGpzb24.bm90IGpzb24.x")
    assert not checksums.bech32("Age-Secret-Key-1QQ")
    assert not checksums.base58("z" * 111)
    assert checksums.decoded("a") == b""


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("DB_PASSWORD", Label.PASSWORD),
        ("sshUserPassword", Label.PASSWORD),
        ("SMTP_PASS", Label.PASSWORD),
        ("dbpasswd", Label.PASSWORD),
        ("DB_PASSWORD_TEST", Label.PASSWORD),
        ("secret_key_base", Label.KEY),
        ("AWSSecretKey", Label.KEY),
        ("X-Api-Key", Label.KEY),
        ("oauth_token", Label.KEY),
        ("password_reset_url", None),
        ("bypass", None),
        ("primary_key", None),
        ("key", None),
        ("max_tokens", None),
        ("next_page_token", None),
        ("secret_name", None),
        ("", None),
    ],
)
def test_the_last_word_of_a_name_says_what_it_is(name: str, label: Label | None) -> None:
    """Words that only follow, such as test or base, change nothing."""
    assert label_of(name) is label


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('"password": "v4lue"', "password"),
        ("'PASSWORD' => 'v4lue'", "PASSWORD"),
        ('os.environ["API_KEY"] = "v4lue"', "API_KEY"),
        ("export API_KEY=v4lue", "API_KEY"),
        ('{\\"token\\": \\"v4lue\\"}', "token"),
        ("$password = 'v4lue'", "$password"),
        ("v4lue", ""),
    ],
)
def test_the_name_of_a_value(text: str, name: str) -> None:
    """Whatever language it is assigned in."""
    assert name_before(candidate(text, "v4lue")) == name


def test_escapes_are_no_neighbours() -> None:
    r"""The n of \n before a token is no letter of the token; a letter of its own alphabet is."""
    assert stands_alone(candidate(r"a\nTOKEN b", "TOKEN"), Edge.WORD)
    assert stands_alone(candidate("a%3DTOKEN&b", "TOKEN"), Edge.WORD)
    assert not stands_alone(candidate("anTOKEN", "TOKEN"), Edge.WORD)
    assert not stands_alone(candidate("TOKEN9", "TOKEN"), Edge.WORD)
    assert not stands_alone(candidate("TOKEN=", "TOKEN"), Edge.BASE64)


def test_random_text_is_told_from_words() -> None:
    """Random text and words are told apart."""
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
    assert all(map(is_random, ["9f1c0e5b7a3d48266bd1f07a", "Zk4Qw8Ltq0V3mXr9Tn5L", "x7kq2mlw8vt0nrz5ycpb"]))
    assert not any(map(is_random, ["getAccessTokenFromSession2", "user_authentication_key", "2024-05-01T10", "aB3"]))
    assert is_gibberish("kLqXwTzPvNh")
    assert not is_gibberish("refreshTokenValue")


def test_everyday_words_with_hardly_a_digit_are_none() -> None:
    """Masked once they would be masked wherever they stand later. A number behind makes them somebody's choice."""
    assert all(map(is_everyday, ["secret", "password1", "my-secret-token", "PostgresPassword"]))
    assert not any(map(is_everyday, ["admin123", "swordfish", "secretgarden"]))


def test_everyday_words_are_searched_in_linear_time() -> None:
    """The words begin alike; a search that goes back would not end."""
    assert not is_everyday("x" * 5000 + "q")


def test_half_a_surrogate_pair_is_judged_like_any_letter() -> None:
    """JSON may hold one, and no check may stumble over it."""
    value = "swordfish\ud800"
    assert not is_everyday(value)
    found = candidate(f'user: "ana"\npassword: "{value}" Basic {value}', value)
    assert {name: check(found) for name, check in CHECKS.items() if name not in FOR_ASCII}["named"]


def test_all_checks_are_asked_for() -> None:
    """A check that no form names is dead; a name that no check has fails when the rules are made."""
    asked = {name.partition(":")[0] for table in formats().values() for form in table.values() for name in form.checks}
    assert asked == {*CHECKS, *MADE}
    with pytest.raises(KeyError):
        named_check("nothing")
