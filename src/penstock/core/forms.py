"""One field of a multipart form that streams by: its value, and nothing else of the form is kept.

For the books alone: what is forwarded, permitted or routed is never decided by it. A form that it can't read has no
value here.
"""

import re

LONGEST = 200
"""Bytes of a value; a longer one is none."""
# A field's headers and its value take no more than this, delimiters and all.
_NEEDED = 1024
# RFC 2046 5.1.1.
_BOUNDARY = re.compile(
    rb'\s*multipart/form-data\s*;(?:.*;)?\s*boundary="?([0-9A-Za-z\'()+_,./:=? -]{1,70})(?<! )"?', re.I
)
_FILE = re.compile(rb";\s*filename\*?=", re.I)


class FormField:
    """Looks for a field while pieces of the form go past ``see``."""

    __slots__ = ("_delimiter", "_named", "_rest", "_whole", "value")

    def __init__(self, boundary: bytes, name: bytes) -> None:
        self.value: str | None = None
        """The first value of this name, once it has passed."""
        self._delimiter = b"--" + boundary
        self._rest = b""
        # From behind a delimiter to the next one: headers, an empty line, one line of value.
        lines = rb"[ \t]*\r?\n((?:[^\r\n]{1,300}\r?\n){1,8})\r?\n([^\r\n]{1,%d})\r?\n" % LONGEST
        self._whole = re.compile(lines + re.escape(self._delimiter))
        self._named = re.compile(
            rb'^content-disposition:\s*form-data\s*;(?:.*;)?\s*name="?%b"?\s*(?:;|\r?$)' % name, re.I | re.M
        )

    def see(self, data: bytes) -> None:
        """The next bytes of the form."""
        if self.value is not None:
            return
        window, at, last = self._rest + data, 0, -1
        while (found := window.find(self._delimiter, at)) >= 0:
            last, at = found, found + len(self._delimiter)
            self.value = self._value(window[at : at + _NEEDED])
            if self.value is not None:
                self._rest = b""
                return
        if last >= 0 and len(window) - at < _NEEDED:
            # It may be this one: the rest of it is still to come.
            self._rest = window[last:]
        else:
            self._rest = window[max(at, len(window) - len(self._delimiter) + 1) :]

    def _value(self, part: bytes) -> str | None:
        found = self._whole.match(part)
        if found is None or self._named.search(found[1]) is None or _FILE.search(found[1]) is not None:
            return None
        return found[2].strip().decode("utf-8", "replace") or None


def form_field(content_type: bytes | None, name: bytes) -> FormField | None:
    """For a form of this content type; None where it is no multipart form."""
    found = None if content_type is None else _BOUNDARY.match(content_type)
    return None if found is None else FormField(found[1], name)
