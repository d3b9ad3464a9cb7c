"""What the simulator says when nobody scripted it: sentences about the topic of the prompt, at any length.

Pure; every choice is a throw of the request's own dice. It answers counting, small sums and "reply with …" for real,
and for the rest says cheerfully that nobody here has read a book.
"""

import re

from penstock.simulator.identity import Dice
from penstock.simulator.phrases import (
    ASIDES,
    BODY,
    CLOSINGS,
    CONFESSIONS,
    GREETINGS,
    LINES_OF_CODE,
    OPENINGS,
    RECURSION,
    THOUGHTS,
)
from penstock.simulator.tokens import pieces

_LEAD = re.compile(
    r"^(?:(?:hi|hello|hey)[,!. ]+)?(?:please |kindly |briefly |now )*(?:(?:can|could|would|will) you (?:please )?)?"
    r"(?:(?:briefly |quickly |please )*(?:explain|describe|summari[sz]e|outline|discuss|define|compare|introduce|"
    r"tell me (?:something )?(?:about|what|how|why|a joke about)?|write (?:me )?(?:an? )?(?:\w+ )?(?:about|on)|"
    r"perform a web search for the query:|search (?:the web )?for|look up|provide|give me|list|show me)\s*(?:me\s)?)?"
    r"(?:what(?:'s| is| are| were| was)|who (?:is|was)|how (?:does|do|to|can|is|are)|why (?:does|do|is|are)|"
    r"when (?:does|do|is|are|was)|where (?:is|are))?\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:\b(?:works?|in (?:one|two|three|a|an) (?:\w+ )?(?:sentences?|paragraphs?|words?)|please|briefly)\s*)?"
    r"[?.!:;,\s]*$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|day|evening)|moin|hallo|bonjour)(?: there| claude)?\W*$", re.I
)
_COUNT = re.compile(r"\bcount (?:up )?(?:from 1 )?to (\d{1,3})\b", re.I)
_SUM = re.compile(r"(?<![\w.])(-?\d{1,12})\s*([-+*x×/])\s*(-?\d{1,12})(?![\w.])")
_ECHO = re.compile(
    r"\b(?:reply|respond|answer|say)\b(?: (?:only|exactly|just|with|back|the words?|in one word))*:?\s+"
    r"(?:[\"“'`](?P<quoted>[^\"”'`\n]{1,120})[\"”'`]|(?P<bare>[\w ,'-]{1,40}?))(?: and nothing else)?[.!]?\s*$",
    re.I,
)
_BRIEF = re.compile(
    r"\b(?:brief(?:ly)?|terse|concise(?:ly)?|short(?:ly)?|one sentence|in a sentence|tl;?dr|compact|minimal)\b", re.I
)
_SENTENCES = re.compile(r"\b(one|two|three|four|five) (?:short )?(sentence|paragraph)s?\b", re.I)
_CODE = re.compile(r"\b(?:code|function|script|program|snippet)\b", re.I)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}

BRIEF_SENTENCES = 2
_PARAGRAPH = 6


def topic_of(words: str) -> str:
    """What the prompt is about, in its own words: the first sentence without what leads to it."""
    line = next((line for line in words.splitlines() if line.strip()), "")
    line = re.split(r"(?<=[.!?])\s", line.strip(), maxsplit=1)[0][:300]
    topic = _TAIL.sub("", _LEAD.sub("", line + " ", count=1).strip())
    topic = topic or _TAIL.sub("", line)
    if len(topic) > 80:
        topic = topic[:80].rsplit(" ", 1)[0] + " …"
    return topic or "this"


def is_greeting(words: str) -> bool:
    """Whether nothing is asked."""
    return bool(_GREETING.match(words))


def plain_answer(words: str) -> str | None:
    """The answer to a prompt that has a right one: counting, a sum of two numbers, words to repeat."""
    if found := _COUNT.search(words):
        return ", ".join(str(number) for number in range(1, int(found[1]) + 1)) + "."
    if found := _SUM.search(words):
        left, sign, right = int(found[1]), found[2], int(found[3])
        if sign == "/":
            return f"{left} / {right} is not defined." if right == 0 else f"{left} / {right} = {left / right:g}."
        value = {"+": left + right, "-": left - right}.get(sign, left * right)
        return f"{left} {sign} {right} = {value}."
    if len(words) < 200 and (found := _ECHO.search(words)):
        return (found["quoted"] or found["bare"]).strip() or None
    return None


def speech(words: str, system: str, tokens: int, dice: Dice, *, attachments: str = "") -> str:
    """An answer of so many tokens, code beside them; shorter where prompt or system text ask for brevity."""
    if is_greeting(words):
        return dice.pick(GREETINGS)
    if "<summary>" in words:
        return _summary(words, dice)
    known = plain_answer(words)
    if known is not None:
        return known
    topic = topic_of(words)
    sentences = _sentences(words, system)
    opening = RECURSION if topic.lower() in {"recursion", "recursive functions"} else _about(dice.pick(OPENINGS), topic)
    if sentences is None:
        text = whole_sentences(opening, topic, tokens, dice)
    else:
        said = [opening, *(_about(one, topic) for one in dice.shuffled(BODY)[: max(0, sentences - 2)])]
        if sentences > 1:
            said.append(_about(dice.pick(CONFESSIONS), topic))
        text = " ".join(said)
    if attachments:
        text = f"{attachments} {text}"
    if (sentences is None or sentences > BRIEF_SENTENCES) and _CODE.search(words):
        text += "\n\n```python\n" + "\n".join(LINES_OF_CODE) + "\n```\n\n" + dice.pick(CLOSINGS)
    return text


def speech_of_length(words: str, tokens: int, dice: Dice) -> str:
    """Words about the topic that are exactly so many output tokens long."""
    topic = topic_of(words)
    text = _about(dice.pick(OPENINGS), topic) if tokens else ""
    return exactly(text, tokens, [_about(one, topic) for one in BODY], dice)


def whole_sentences(opening: str, topic: str, tokens: int, dice: Dice) -> str:
    """Sentences about the topic that are together exactly so many tokens long; at least two."""
    said: list[str] = []
    left = max(2, tokens)

    def take(sentence: str, size: int) -> bool:
        nonlocal left
        # No sentence has one token, so that one token must never be what is left.
        if size > left or left - size == 1:
            return False
        said.append(sentence)
        left -= size
        return True

    take(opening, len(pieces(opening)))
    confession = _about(dice.pick(CONFESSIONS), topic)
    confesses = take(confession, len(pieces(confession)))
    body = [(one, len(pieces(one))) for one in (_about(one, topic) for one in BODY)]
    # Over and over, as long as any of them fits.
    while sum(take(*one) for one in dice.shuffled(body)):
        continue
    while left:
        # The longest that fits.
        any(take(one, size) for size, one in ASIDES)
    if confesses:
        said.append(said.pop(said.index(confession)))
    paragraphs = (said[at : at + _PARAGRAPH] for at in range(0, len(said), _PARAGRAPH))
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)


def thought(words: str, dice: Dice, tokens: int | None, most: int) -> str:
    """Thinking aloud: exactly ``tokens`` long if given, else a few sentences; never over ``most`` tokens."""
    topic = topic_of(words)
    lines = [_about(one, topic) for one in dice.shuffled(THOUGHTS)]
    if tokens is not None:
        return exactly(lines[0], min(tokens, most), lines, dice)
    text = " ".join(lines[:3])
    return exactly(text, most, [], dice) if len(pieces(text)) > most else text


def exactly(text: str, tokens: int, more: list[str], dice: Dice) -> str:
    """The text drawn out with ``more``, or cut, to exactly so many tokens."""
    parts = pieces(text)
    while len(parts) < tokens:
        for sentence in dice.shuffled(more):
            parts += pieces(" " + sentence)
            if len(parts) >= tokens:
                break
    return "".join(parts[:tokens])


def after_tools(words: str, results: list[str], dice: Dice) -> str:
    """The answer once the tools have spoken: it quotes them."""
    quoted = [" ".join(result.split())[:160] or "nothing at all" for result in results]
    topic = topic_of(words)
    if len(quoted) == 1:
        lead = f"The tool came back with: {quoted[0]}"
    else:
        lead = "The tools came back:\n\n" + "\n".join(f"- {one}" for one in quoted) + "\n\n"
    end = "" if lead.endswith((".", "\n")) else "."
    glue = "" if lead.endswith("\n") else " "
    return f"{lead}{end}{glue}{_about(dice.pick(CLOSINGS), topic)}"


def _sentences(words: str, system: str) -> int | None:
    """How many are asked for; None where nobody does."""
    if found := _SENTENCES.search(words):
        return _NUMBERS[found[1].lower()] * (1 if found[2].lower() == "sentence" else 5)
    if _BRIEF.search(words) or (len(system) < 4000 and _BRIEF.search(system)):
        return BRIEF_SENTENCES
    return None


def _about(template: str, topic: str) -> str:
    capital = topic[:1].upper() + topic[1:]
    return template.replace("{Topic}", capital).replace("{topic}", topic)


def _summary(words: str, dice: Dice) -> str:
    text = " ".join(_about(one, "this conversation") for one in dice.shuffled(BODY)[:3])
    return f"<analysis>\n{dice.pick(CONFESSIONS)}\n</analysis>\n\n<summary>\n{text}\n</summary>".replace(
        "{topic}", topic_of(words)
    )
