"""A name and a password in front of a host, as in ``postgres://name:password@host/`` (RFC 3986, 3.2.1)."""

import re

from penstock.detection.rule import Candidate, Rule

_PLACEHOLDER = re.compile(
    # What stands in documentation, templates and code in the place of a password, and what is masked already.
    r"(?i)(?:\$|%|\{|\[|<|\*{3}|x{3,}|\.{3}|…|(?:your|my|the|some)?[-_]?(?:password|passwd|pass|pwd|pw|secret|token|key|"
    r"credentials?|user(?:name)?|example|changeme|redacted|hidden|placeholder|removed)s?[-_]?(?:here)?$)"
)


def _told(candidate: Candidate) -> bool:
    name, _, password = candidate.value.partition(":")
    if len(name) > 128 or len(password) > 256 or _PLACEHOLDER.match(password):
        return False
    # A port and a path of git's own: ssh://host:22/…@2x is none.
    return name != password or len(password) > 5


RULES = (
    Rule(
        name="url-credentials.password",
        kind="url-credentials",
        pattern=r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}://([^\s/:@\"'<>`\\]+:[^\s/@\"'<>`\\]+)@[\w\[]",
        group=1,
        sign=r"://[^\s/:@\"'<>]+:[^\s/@\"'<>]+@[\w\[]",
        check=_told,
    ),
)
