"""Tokens of one tenant: which one stands for a value. Keyed, so that nobody without the secret can test a guess.

The same value of a tenant has the same token in every request, so that what is sent stays the same from turn to turn
and nothing has to be remembered. It is the value as it is written: another spelling is another value, or what comes
back would not be what was there.
"""

import hmac

from penstock.core.mask import ALPHABET, BODY, spelt

_BODIES = len(ALPHABET) ** (BODY - 1)
_SCRUB = b"penstock scrub tokens"


class Mint:
    """Makes one tenant's tokens, under a secret of the installation's."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes, tenant: str) -> None:
        self._secret = hmac.digest(secret, _SCRUB + b"\0" + tenant.encode(), "sha256")

    def token(self, label: str, value: str, attempt: int = 0) -> str:
        """The token; another one for each ``attempt``, for values that would meet in one."""
        return spelt(label, self._number("token", label, value, attempt) % _BODIES)

    def digits(self, value: str, attempt: int = 0) -> str:
        """As many digits, none of them a leading zero, that stand for a number."""
        least = 10 ** (len(value) - 1)
        return str(least + self._number("digits", "", value, attempt) % (9 * least))

    def _number(self, form: str, label: str, value: str, attempt: int) -> int:
        said = "\0".join((form, label, str(attempt), value)).encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.digest(self._secret, said, "sha256"), "big")
