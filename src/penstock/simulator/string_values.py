"""A string that a JSON schema accepts and a reader finds likely: by format, by pattern, by the property's name.

``Hints`` carries what the prompt offers: its topic, its proper names, its numbers, what it put in quotes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from penstock.simulator.pattern_values import LONGEST, matching

_FORMATS = {
    "date": "2026-06-15", "date-time": "2026-06-15T09:30:00Z", "time": "09:30:00Z", "duration": "PT15M",
    "email": "ada@example.com", "idn-email": "ada@example.com", "hostname": "example.com",
    "uri": "https://example.com/", "url": "https://example.com/", "uri-reference": "/notes",
    "uuid": "3f2b8c1e-5d4a-4e6f-9b7a-0c1d2e3f4a5b", "ipv4": "192.0.2.7", "ipv6": "2001:db8::7",
    "byte": "c2ltdWxhdGVk", "binary": "c2ltdWxhdGVk", "json-pointer": "/a", "regex": "^a+$",
}  # fmt: skip

_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,6})?(?![\w.]*\w)")
_NAME = re.compile(r"\b[A-ZÀ-Þ][\w’'-]+(?: (?:de |of |the )?[A-ZÀ-Þ][\w’'-]+)*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_QUOTED = re.compile(r"[\"“«'`]([^\"”»'`\n]{1,200})[\"”»'`]")

# Words that begin a sentence with a capital and name nothing.
_NO_NAMES = frozenset((
    "a", "an", "and", "any", "are", "as", "at", "be", "both", "by", "call", "can", "compare", "compute",
    "could", "create", "describe", "do", "does", "explain", "extract", "fetch", "find", "for", "from",
    "get", "give", "has", "have", "how", "i", "if", "in", "is", "it", "let", "list", "look", "make", "no",
    "of", "on", "or", "please", "provide", "show", "tell", "that", "the", "then", "there", "this", "to",
    "translate", "use", "using", "was", "we", "weather", "were", "what", "when", "where", "which", "who",
    "why", "will", "with", "would", "write", "you", "your",
))  # fmt: skip


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt offers to fill values with; ``part`` of ``parts`` when several calls share it."""

    topic: str
    sentence: str = ""
    names: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()
    quoted: tuple[str, ...] = ()
    part: int = 0
    parts: int = 1

    def names_in_turn(self) -> Iterator[str]:
        """The names that are this part's, then the others, over and over."""
        return _in_turn(self.quoted or self.names, self.part, self.parts)

    def numbers_in_turn(self) -> Iterator[float]:
        """The numbers that are this part's, then the others, once."""
        start = self.part * (len(self.numbers) // self.parts)
        return iter(self.numbers[start:] + self.numbers[:start])

    def fitting(self, choices: Sequence[object]) -> object:
        """The choice that the prompt names, else the part's own."""
        said = [one for one in choices if isinstance(one, str) and one and one.lower() in self.topic.lower()]
        return said[0] if said else choices[self.part % len(choices)]


def hints_of(words: str, topic: str, sentence: str, part: int = 0, parts: int = 1) -> Hints:
    """What these words offer."""
    names = [name for name in (_own(found) for found in _NAME.findall(words)) if name]
    numbers = [float(number) for number in _NUMBER.findall(words)]
    return Hints(
        topic=topic,
        sentence=sentence,
        names=tuple(dict.fromkeys(names)),
        numbers=tuple(numbers),
        quoted=tuple(_QUOTED.findall(words)),
        part=part,
        parts=parts,
    )


def _own(name: str) -> str:
    parts = name.split()
    while parts and parts[0].lower() in _NO_NAMES:
        parts.pop(0)
    return " ".join(parts)


def _in_turn(items: Sequence[str], part: int, parts: int) -> Iterator[str]:
    place = part * max(1, len(items) // parts)
    while items:
        yield items[place % len(items)]
        place += 1


_Words = Callable[[Hints], str]

# The first row whose expression is found in the property's name decides.
_BY_NAME: tuple[tuple[re.Pattern[str], _Words], ...] = tuple(
    (re.compile(expression), words)
    for expression, words in (
        (r"e?mail", lambda _: "ada@example.com"),
        (r"url|uri|link|href", lambda _: "https://example.com/"),
        (r"date|day|when", lambda _: "2026-06-15"),
        (r"time", lambda _: "09:30"),
        (r"file|path|directory|folder", lambda _: "notes.txt"),
        (r"command|cmd", lambda _: "echo simulated"),
        (r"code|script|program", lambda _: "print('simulated')"),
        (r"lang", lambda _: "en"),
        (r"unit", lambda _: "celsius"),
        (r"currency", lambda _: "EUR"),
        (r"colou?r", lambda _: "teal"),
        (r"(^|_)id$|identifier", lambda hints: f"id-{hints.part + 1}"),
        (r"summary|description|reason|answer|content|explanation", lambda hints: hints.sentence),
        (r"text|body|message|note|thought", lambda hints: hints.sentence),
        (r"query|question|prompt|topic|subject|search|keyword", lambda hints: hints.topic),
        (r"title|task|instruction|input", lambda hints: hints.topic),
    )
)  # fmt: skip


def text_for(schema: Mapping[str, object], name: str, hints: Hints, names: Iterator[str]) -> str:
    """A string for the schema; ``names`` gives the prompt's proper names one after another."""
    shortest = _size(schema.get("minLength"), 0)
    longest = max(_size(schema.get("maxLength"), LONGEST), shortest)
    pattern, form = schema.get("pattern"), str(schema.get("format", ""))
    if isinstance(pattern, str):
        built = matching(pattern, shortest, longest)
        if built is not None:
            return built
    if form in _FORMATS:
        return _FORMATS[form]
    label = _HUMP.sub("_", name).lower()
    row = next((words for expression, words in _BY_NAME if expression.search(label)), None)
    text = row(hints) if row is not None else next(names, None) or hints.topic or name or "example"
    text = text or "example"
    while len(text) < shortest:
        text = f"{text} {text}"
    return text[: max(longest, shortest)]


def _size(value: object, fallback: int) -> int:
    # Gemini's schemas write lengths as strings (proto int64).
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    return min(value, 100_000) if isinstance(value, int) and not isinstance(value, bool) else fallback
