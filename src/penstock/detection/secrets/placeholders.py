"""What stands where a secret would stand and is none: examples, variables, types, expressions, words to be replaced.

A value that is masked once is masked wherever it stands later, so an everyday word must never count as a secret,
however clearly it is labelled: masking ``secret`` or ``postgres`` everywhere would ruin a text.
"""

import re

import re2

from penstock.detection.secrets.words import words

_RUN = re.compile(r"([xX0*.#_=-])\1{5,}|(?i:x{4,}$|^x{4,})|([a-zB-Z0-9])\2{7,}")

# In tokens, where random letters spell short words now and then: only what is long or set apart.
_TOKEN_WORDS = re.compile(
    r"(?i)example|placeholder|redacted|changeme|change[_-]me|replace|insert[_-]|your[_-]|dummy|[_-]fake|fake[_-]|"
    r"\.\.\.|masked|hidden|<|>|\$\{|\{\{"
)
LONGEST_JUDGED = 200
"""Longer values are not searched for words: random letters would spell some."""

# A reference to where the value really is.
_REFERENCE = re.compile(
    r"""(?x)
      ^(?!\{[A-Za-z0-9+/]{20,200}={0,2}\}$)[$%@!&]?[{(<\[]
    | ^\$[A-Za-z_(] | ^%[A-Za-z_][A-Za-z_0-9]*%$ | ^%[(sd] | %\(\w{1,40}\)[sd] | \$\{ | \{\{ | \}\}$ | ^\*+$
    | ^(?i:process\.env|os\.environ|os\.getenv|getenv|env[.(:\[]|env\.|var\.|local\.|data\.|module\.|secrets?\.|
          self\.|this\.|config\.|settings\.|options\.|args\.|params\.|request\.|req\.|ctx\.|props\.|state\.|
          import\.meta|new\s|await\s|function|lambda|null$|none$|nil$|true$|false$|undefined$|optional|
          ENC\[|ENC\(|vault:|op://|ssm:|arn:aws|sops|keyring|gcp:|awssm|file:|kms:)
    | ^[A-Za-z_][\w.]*[(\[] | \(\)$ | \[\d*\]$ | ^[-=]> | \bfunction\b
    """
)
# Absolute paths only in small letters: base64 may begin with a slash.
_PATH = re.compile(
    r"""(?x)
      ^(?:\.{1,2}/|~/|[A-Za-z]:\\) | ^(?:/[a-z0-9_.-]+)+/?$ | ^[\w.-]+/[\w./-]+\.\w{1,5}$ | ^[a-z][a-z0-9+]*://
    | ^[\w-]+\.(?:py|js|ts|go|rb|json|ya?ml|txt|pem|key|crt|env|toml|ini|conf|cfg|php|html?)$
    """
)
_PLACEHOLDER = re.compile(
    r"(?i)change.?(?:me|this|it)|place.?holder|example|redacted|sample|dummy|replace|insert|your|"
    r"(?:^|[-_. ])(?:my|our|the|some|foo|bar|baz|fake|mock|fixture|todo|tbd|none|null|test|tests|testing|string|value|"
    r"here)(?:[-_. ]|$)|xxxx|\.\.\.|…|\*\*\*|foobar|notreal|not.?a.?real|censored|"
    r"deadbeef|lorem|ipsum|12345678|abcdefg|qwerty|asdf|^[\W\d_]*$"
)
# RE2: the words begin alike, and a search that goes back would take exponential time.
_EVERYDAY = re2.compile(rf"(?i)^(?:(?:{'|'.join(words('everyday'))})[\W_\d]{{0,3}})+$")


def is_placeholder(value: str) -> bool:
    """Whether a token of a known form is an example of it."""
    if len(value) > LONGEST_JUDGED:
        return False
    return _RUN.search(value) is not None or _TOKEN_WORDS.search(value) is not None


def is_no_secret(value: str) -> bool:
    """Whether a value that a label calls secret is none: a reference, a path, a word of everyday use, an example."""
    if len(value) > LONGEST_JUDGED:
        return _REFERENCE.search(value[:LONGEST_JUDGED]) is not None
    return (
        _RUN.search(value) is not None
        or _REFERENCE.search(value) is not None
        or _PATH.search(value) is not None
        or _PLACEHOLDER.search(value) is not None
        or is_everyday(value)
    )


def is_everyday(value: str) -> bool:
    """Whether it is made of words that stand in any text about passwords, with a digit or mark between at most."""
    return value.isascii() and sum(map(str.isdigit, value)) <= 2 and _EVERYDAY.match(value) is not None
