"""Conversations with a known effect of terse answers: lengths of answers are drawn from recorded ones.

Answers of a conversation resemble each other, conversations differ in length, and what an answer adds comes back as
the input of the next request. A treated answer is shorter by the effect on the average, each by a part of its own.
"""

import re
from collections.abc import Iterator
from random import Random

from penstock.core.terseness import Arm
from penstock.core.usage import Usage
from penstock.ledger.observed import Observed
from tests.support.corpus import recorded

TEXT = 60
"""Tokens that our words add to a treated request."""
ALIKE = 0.6
"""How likely an answer's length is near what is usual in its conversation."""
TURNS = 3.0
"""Requests of a conversation on the average; how many there are is as uncertain as a radioactive decay."""
DAY = 86_400.0
LEAST = 5

_TOKENS = re.compile(r'"(?:completion_tokens|output_tokens|candidatesTokenCount)"\s*:\s*(\d+)')


def recorded_lengths() -> list[int]:
    """Output tokens of every recorded answer that tells them, in order; without those that may round to nothing."""
    found = [_TOKENS.findall(exchange.response_body) for exchange in recorded() if exchange.status == 200]
    return sorted(int(told[-1]) for told in found if told and int(told[-1]) >= LEAST)


class Traffic:
    """Conversations of one kind, drawn with chance that falls the same way for the same seed."""

    def __init__(self, lengths: list[int], seed: str, effect: float) -> None:
        self._lengths = lengths
        self._chance = Random(seed)
        self._effect = effect
        self._made = 0

    def arms(self, treated: int, control: int, *, over: float = 1.0) -> Iterator[Observed]:
        """So many conversations of each arm, begun at any time within ``over`` days."""
        for arm, count in ((Arm.TREATED, treated), (Arm.CONTROL, control)):
            for _ in range(count):
                yield from self.conversation(arm, self._chance.random() * over)

    def drawn(self, conversations: int, holdout: float, *, day: int) -> Iterator[Observed]:
        """So many conversations that begin on one day, each drawn for its arm."""
        for _ in range(conversations):
            arm = Arm.CONTROL if self._chance.random() < holdout else Arm.TREATED
            yield from self.conversation(arm, day + self._chance.random())

    def conversation(self, arm: Arm, begins: float) -> Iterator[Observed]:
        """Its requests; the later ones may come on later days."""
        chance, lengths = self._chance.random, self._lengths
        usual = chance()
        self._made += 1
        name = f"{self._made:x}"
        stream, tools, at = chance() < 0.7, chance() < 0.3, begins
        first = 200 + int(2_000 * chance() * (1 + usual))
        history = 0
        while True:
            near = chance() < ALIKE
            own, part, odd = chance(), 0.6 + 0.8 * chance(), chance()
            length = lengths[int((usual if near else own) * len(lengths))]
            if arm is Arm.TREATED:
                length = int(length * (1 - self._effect) * part + odd)
            yield observed(name, arm, at * DAY, Taken(first, history, length), stream=stream, tools=tools)
            history += length
            if chance() < 1 / TURNS:
                return
            at += chance() * 0.3


def true_savings(lengths: list[int], effect: float, conversations: int = 30_000) -> tuple[float, float]:
    """Of output tokens, which is the effect itself, and of cost: the same conversations, once in either arm."""
    cost = [
        sum(row.cost or 0 for row in Traffic(lengths, "truth", effect).arms(treated, control))
        for treated, control in ((conversations, 0), (0, conversations))
    ]
    return effect, 1 - cost[0] / cost[1]


class Taken:
    """The tokens of one request: new input, what came before (read from a cache), and the answer."""

    __slots__ = ("history", "length", "new")

    def __init__(self, new: int, history: int, length: int) -> None:
        self.new, self.history, self.length = new, history, length


def observed(name: str, arm: Arm, at: float, taken: Taken, *, stream: bool, tools: bool) -> Observed:
    """A row as the books would hold it, at $3 for input, $0.30 for what a cache held, and $15 for output."""
    text = TEXT if arm is Arm.TREATED else 0
    into = 3 * (taken.new + text) + (3 * taken.history + 5) // 10
    return Observed(
        conversation=name,
        arm=arm,
        at=at,
        key="key",
        model="model",
        klass="question",
        intensity="full",
        rules="1",
        operation="messages.create",
        stream=stream,
        tools=tools,
        bytes_in=4 * taken.new,
        added_bytes=4 * text,
        usage=Usage(input=taken.new + text, cache_read=taken.history, output=taken.length),
        cost=into + 15 * taken.length,
        input_cost=into,
    )
