"""What a call probably used whose provider told no usage, or whose answer was cut: bytes times a learned ratio.

The ratios are learned per model and way of answering from calls that did tell; a model that was never heard of begins
with what recorded traffic shows of its way. An estimate says that it is one. Pure, bounded, and no tokenizer.
"""

from math import ceil

import msgspec

from penstock.core.attachments import Passed
from penstock.core.usage import Consumption, Share, Source, Usage

MODELS = 1_000
"""So many models, each in each way of answering, are remembered; then the one that was heard of longest ago goes."""
FADING = 0.95
"""What one call's numbers still weigh when the next one's are in: about the last twenty count."""
ATTACHMENT_TOKENS = 1_000
"""What a picture, a document or a sound in a request is taken to be. Models take 258 (Gemini, a tile) to about 1,600
tokens (Claude, the largest) for a picture; of documents and sounds neither pages nor seconds are known here."""
_WORDLESS = 100
"""A request with more bytes than these to a token was mostly no text, and teaches nothing of text."""
_MOST_IN, _MOST_OUT = 10_000_000, 1_000_000
"""More tokens than any model takes, or gives, at once: a call that tells of more is mistaken, and teaches nothing. One
such number would stand behind a model's estimates for hundreds of calls, and use quotas up."""
# A starting ratio weighs as much as this many bytes of real answers.
_PRIOR_BYTES = 4_000.0


class Delivery(msgspec.Struct, frozen=True):
    """How an answer comes: streams repeat a frame around every few words, so their bytes are worth less."""

    operation: str
    """As the route's row names it."""
    stream: bool


class _Ratio(msgspec.Struct):
    output_tokens: float
    output_bytes: float
    input_tokens: float
    input_bytes: float


# Tokens per byte of answer and of request: sums over the recorded exchanges of each way (November 2026).
_STARTING: dict[Delivery, tuple[float, float]] = {
    Delivery("messages.create", stream=False): (0.096, 0.35),
    Delivery("messages.create", stream=True): (0.025, 0.42),
    Delivery("chat.completions.create", stream=False): (0.090, 0.18),
    Delivery("chat.completions.create", stream=True): (0.0051, 0.20),
    Delivery("completions.create", stream=False): (0.079, 0.11),
    Delivery("completions.create", stream=True): (0.0034, 0.11),
    Delivery("responses.create", stream=False): (0.046, 0.31),
    Delivery("responses.create", stream=True): (0.0067, 0.41),
    Delivery("models.generateContent", stream=False): (0.117, 0.07),
    Delivery("models.streamGenerateContent", stream=True): (0.105, 0.19),
}
_UNHEARD_OF = (0.08, 0.20), (0.01, 0.20)


class Estimates:
    """The ratios of one process."""

    def __init__(self) -> None:
        self._ratios: dict[tuple[str, Delivery], _Ratio] = {}

    def learn(self, consumption: Consumption, model: str, way: Delivery, bytes_in: int, bytes_out: int) -> None:
        """From a call that told all of its usage; any other teaches nothing. ``model`` is the one that was asked: it is
        known by its name too."""
        if consumption.source is not Source.REPORTED or consumption.missing or not bytes_in or not bytes_out:
            return
        # While an answer comes only the model that was asked is known; afterwards the one that it names.
        for name in dict.fromkeys((consumption.model or model, model or consumption.model or "")):
            self._learn((name, way), consumption.usage, bytes_in, bytes_out)

    def _learn(self, key: tuple[str, Delivery], usage: Usage, bytes_in: int, bytes_out: int) -> None:
        if usage.total_input > _MOST_IN or usage.total_output > _MOST_OUT:
            return
        ratio = self._ratios.pop(key, None) or _starting(key[1])
        ratio.output_tokens = ratio.output_tokens * FADING + usage.total_output
        ratio.output_bytes = ratio.output_bytes * FADING + bytes_out
        if bytes_in <= usage.total_input * _WORDLESS:
            ratio.input_tokens = ratio.input_tokens * FADING + usage.total_input
            ratio.input_bytes = ratio.input_bytes * FADING + bytes_in
        # Put in again behind all others: the first is the one that was heard of longest ago.
        self._ratios[key] = ratio
        if len(self._ratios) > MODELS:
            del self._ratios[next(iter(self._ratios))]

    def tokens(self, model: str, way: Delivery) -> float:
        """To a byte of answer."""
        ratio = self._ratios.get((model, way)) or _starting(way)
        return ratio.output_tokens / ratio.output_bytes

    def estimate(
        self, consumption: Consumption, model: str, way: Delivery, passed: Passed, window: int | None = None
    ) -> Consumption:
        """What was told, with the rest worked out. What was told stays, and the output is never less than was told;
        the input is never more than ``window``, the most tokens that the model takes, if that is known."""
        if not consumption.missing:
            return consumption
        served = consumption.model or model or None
        ratio = self._ratios.get((served or "", way)) or _starting(way)
        *others, last = consumption.shares or (Share(served, Usage()),)
        told = last.usage
        output = max(passed.came, ceil(passed.bytes_out * ratio.output_tokens / ratio.output_bytes))
        usage = msgspec.structs.replace(told, output=told.output + max(0, output - told.total_output))
        if not consumption.usage.total_input:
            text = passed.bytes_in * (1 - passed.attached.share)
            taken = ceil(text * ratio.input_tokens / ratio.input_bytes) + passed.attached.count * ATTACHMENT_TOKENS
            usage = msgspec.structs.replace(usage, input=taken if window is None else min(taken, window))
        return Consumption((*others, Share(last.model or served, usage, last.tier)), Source.ESTIMATED, missing=True)


def _starting(way: Delivery) -> _Ratio:
    output, taken = _STARTING.get(way, _UNHEARD_OF[way.stream])
    return _Ratio(output * _PRIOR_BYTES, _PRIOR_BYTES, taken * _PRIOR_BYTES, _PRIOR_BYTES)
