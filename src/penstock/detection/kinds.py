"""The kinds of private values: how each is written in tokens, what is found of it, what is not, and whether it is
looked for unless somebody says otherwise.

The order is their strength: where two findings overlap, the kind that stands first here keeps the letters.
"""

import msgspec


class ValueKind(msgspec.Struct, frozen=True):
    """One kind."""

    name: str
    label: str
    """Three to eight capital letters, the head of a token."""
    found: str
    missed: str
    """What is not found, or is left alone on purpose."""
    default: bool = True


KINDS: tuple[ValueKind, ...] = (
    ValueKind(
        "secret",
        "SECRET",
        "keys, tokens and passwords of the formats in the list of secrets, also inside base64",
        "passwords without a word that says so; formats that nobody has described",
    ),
    ValueKind(
        "url-credentials",
        "LOGIN",
        "the name and password in scheme://name:password@host",
        "placeholders such as user:password; a name without a password",
    ),
    ValueKind(
        "crypto-wallet",
        "WALLET",
        "Bitcoin addresses (base58check, bech32, bech32m), Ethereum addresses with capitals as in EIP-55, or"
        " after a word such as wallet",
        "other chains; Ethereum addresses in one case with nothing said about them",
    ),
    ValueKind(
        "iban",
        "IBAN",
        "account numbers of 80 countries, together or in groups, with the right length and check digits",
        "numbers with a wrong check digit",
    ),
    ValueKind(
        "card",
        "CARD",
        "payment card numbers of 12 to 19 digits, together or in groups, with a right Luhn digit: of an issuer's range,"
        " or after a word such as card",
        "12, 13 and 19 digits in a row with nothing said about them; masked numbers",
    ),
    ValueKind(
        "national-id",
        "NATID",
        "numbers that states give to people and their taxes, each with its check digits or shape, where those are weak"
        " only beside a word that names them (the table of rules says which)",
        "numbers of countries that are not in the table",
    ),
    ValueKind(
        "passport",
        "PASSPORT",
        "six to nine letters and digits after a word for passport, in nine languages; machine-readable lines",
        "passport numbers with nothing said about them",
    ),
    ValueKind(
        "driver-licence",
        "LICENCE",
        "letters and digits after a word for a driving licence",
        "licence numbers with nothing said about them",
    ),
    ValueKind(
        "bank-account",
        "ACCOUNT",
        "account and sort numbers after a word for them; US routing numbers with their check digit, after a word",
        "numbers with nothing said about them",
    ),
    ValueKind(
        "email",
        "EMAIL",
        "addresses, also internationalised ones",
        "git@ remotes, noreply, .invalid and .localhost, names that are versions or files",
    ),
    ValueKind(
        "phone",
        "PHONE",
        "international numbers with +; national ones in a usual form, or near a word such as phone, fax or call",
        "digits in a row with nothing said about them; times, versions, identifiers",
    ),
    ValueKind(
        "ip",
        "IPADDR",
        "IPv4 and IPv6 addresses that are reached from outside",
        "private, loopback, link-local, documentation and multicast ranges, netmasks, versions, public resolvers",
    ),
    ValueKind(
        "ip-private",
        "PRIVIP",
        "IPv4 and IPv6 addresses of private ranges (RFC 1918, RFC 6598, RFC 4193)",
        "all others",
        default=False,
    ),
    ValueKind("mac", "MACADDR", "hardware addresses of six pairs", "broadcast, all zeros, multicast", default=False),
    ValueKind(
        "date-of-birth",
        "BIRTH",
        "dates after a word for birth, in nine languages",
        "other dates; ages",
    ),
    ValueKind("address", "ADDRESS", "postal addresses, in people's sentences", "places without a street"),
    ValueKind(
        "person",
        "PERSON",
        "names of people, in people's sentences, by lists and by the words around them",
        "many names",
    ),
)

DEFAULT = frozenset(kind.name for kind in KINDS if kind.default)


def strength(kind: str) -> int:
    """The place of a kind among the kinds; the lower, the stronger. One that nobody knows is the operator's own, and
    stands before all."""
    return _PLACES.get(kind, -1)


_PLACES = {kind.name: place for place, kind in enumerate(KINDS)}
