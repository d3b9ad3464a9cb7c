"""E-mail addresses, in ASCII and internationalised (RFC 6531), that may be somebody's.

Whose they can't be stands in ``nobody.toml``. What looks like one in code (``a@b.T``,
``icon@2x.png``) is told by its last name.
"""

import re

from penstock.detection.lists import members
from penstock.detection.rule import Candidate, Rule

# Of the scripts with spaces between words; what stands before an address in the others would be taken for its part.
_LETTERS = r"\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hebrew}\p{Devanagari}0-9"
_OTHERS = r"\p{Cyrillic}\p{Greek}\p{Arabic}\p{Hebrew}\p{Devanagari}\p{Han}\p{Hangul}\p{Thai}\p{Katakana}\p{Hiragana}"
_LOCAL = rf"[{_LETTERS}_](?:[{_LETTERS}._+'-]*[{_LETTERS}_+-])?@"
_LABELS = r"(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+"
_SIGN = r"[\w+-]@\w|[^\x00-\x7f]@|@[^\x00-\x7f]"
_LISTED = "|".join(sorted(members("domains", "generic") | members("domains", "countries")))

_PATH = re.compile(r"[:/][\w~./-]")
_IN_URL = re.compile(r"://[^\s/\"'<>@]{0,80}$")
_HOST_GOES_ON = re.compile(r"\.\w")
_MAIL_SCHEME = re.compile(r"(?i)(?:mailto|sips?|xmpp|im|acct)://$")


def _somebodys(candidate: Candidate) -> bool:
    local, _, host = candidate.value.lower().rpartition("@")
    labels = host.split(".")
    if len(local) > 64 or len(host) > 253 or len(local) + len(labels[-2]) < 3:
        return False
    if ".." in local or candidate.after(1) == "_" or candidate.after(1).isdigit():
        return False
    if any(".".join(labels[index:]) in members("nobody", "hosts") for index in range(len(labels))):
        return False
    if re.sub(r"[^a-z]", "", local) in members("nobody", "locals"):
        return False
    if _IN_URL.search(candidate.before(100)) and not _MAIL_SCHEME.search(candidate.before(12)):
        # A login at a host, which is another kind.
        return False
    shared = local in members("nobody", "remotes")
    return not (shared and (_PATH.match(candidate.after(2)) or host in members("nobody", "forges")))


def _likely(candidate: Candidate) -> bool:
    """With a last name that is not in the list: newer than it, or an attribute in code, as in ``a[i]@b.weight``."""
    local, _, host = candidate.value.lower().rpartition("@")
    *_, name, last = host.split(".")
    if not last.isascii():
        return _somebodys(candidate)
    if last in members("domains", "generic") or _HOST_GOES_ON.match(candidate.after(2)):
        return False
    if last in members("domains", "never") or min(len(local), len(name), len(last)) < 3:
        return False
    return candidate.matter.prose and candidate.after(1) not in {"(", "[", "-"} and _somebodys(candidate)


RULES = (
    Rule(
        name="email.address",
        kind="email",
        pattern=rf"{_LOCAL}{_LABELS}(?i:{_LISTED}|xn--[a-z0-9-]{{2,59}})\b",
        sign=_SIGN,
        check=_somebodys,
    ),
    Rule(
        name="email.unlisted-domain",
        kind="email",
        pattern=rf"{_LOCAL}{_LABELS}(?:[A-Za-z]{{3,24}}\b|[{_OTHERS}]{{2,24}})",
        sign=_SIGN,
        check=_likely,
    ),
)
