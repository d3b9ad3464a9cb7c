"""Services that find private values as well: what they are asked and what their answers mean."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError
from penstock.core.finding import Found
from penstock.core.head import RequestHead
from penstock.policies.scrub import Scrub, Treatment, services
from penstock.policies.scrub.rules import Service
from tests.unit.policies.scrub.spoken import MATCH, Spoken, rules
from tests.unit.policies.scrub.test_masking import Silent


def service(kind: str = "http", unavailable: Treatment = Treatment.BLOCK, seconds: float = 5.0) -> Service:
    return Service(
        name="sidecar", kind=kind, provider="sidecar", path="", model="", language="en", score=0.5, seconds=seconds,
        kinds=services.PRESIDIO if kind == "presidio" else {"person": "person"}, unavailable=unavailable,
    )  # fmt: skip


class Sidecar:
    """Knows one name; ``asked`` is all that it was asked about."""

    def __init__(self, *, answers: bool = True) -> None:
        self.asked: list[str] = []
        self.answers = answers

    async def __call__(self, service: Service, text: str) -> Sequence[Found] | None:
        """Where Wanda stands."""
        self.asked.append(text)
        await asyncio.sleep(0)
        if not self.answers:
            return None
        place = text.find("Wanda")
        return [Found(place, place + 5, "person", f"asked.{service.name}")] if place >= 0 else []


def sent(sidecar: Sidecar, turns: list[str], policy: Scrub | None = None, **held: Treatment) -> list[str]:
    """What goes out of a body."""
    applied = msgspec.structs.replace(rules(), services=(service(**held),))
    made = policy or scrub(sidecar, applied)
    body = msgspec.json.encode(turns)
    head = RequestHead("POST", b"/spoken", ())
    exchange = Exchange("x", head, MATCH, 0.0, document=Document(body, body), caller=Caller(KEY))
    asyncio.run(made.enter(exchange))
    assert exchange.document is not None
    return msgspec.json.decode(exchange.document.raw, type=list[str])


KEY = KeyProfile("key_1", "one")


def scrub(sidecar: Sidecar, applied: object = None) -> Scrub:
    held = applied or msgspec.structs.replace(rules(), services=(service(),))
    return Scrub({"spoken": Spoken()}, {"spoken": Silent()}, lambda _: held, b"s", lambda answer: answer,
                 lambda: lambda: False, sidecar)  # type: ignore[arg-type,return-value]  # fmt: skip


def test_what_a_service_finds_is_masked_beside_what_is_found_here() -> None:
    """In its text and in all that follow; where both speak of the same letters, what is found here comes first."""
    out = sent(Sidecar(), ["Wanda writes", "to wanda@x.org", "Wanda again"])
    assert out[0].endswith(" writes")
    assert out[0].startswith("PERSON_")
    assert out[1].startswith("to EMAIL_")
    assert out[2] == f"{out[0].split()[0]} again"


def test_a_block_is_asked_about_once() -> None:
    """A later request asks about what is new in it alone, and goes out as the earlier one did."""
    sidecar = Sidecar()
    policy = scrub(sidecar)
    first = sent(sidecar, ["Wanda writes"], policy)
    assert sent(sidecar, ["Wanda writes", "more"], policy)[:1] == first
    assert sidecar.asked == ["Wanda writes", "more"]


def test_no_answer_is_no_leave_to_go_on() -> None:
    """The request is refused, and may be tried again; unless the operator lets it go on."""
    with pytest.raises(FaultError) as refused:
        sent(Sidecar(answers=False), ["Wanda writes to ann@x.org"])
    assert refused.value.fault.status == 503
    assert refused.value.fault.may_retry
    out = sent(Sidecar(answers=False), ["Wanda writes to ann@x.org"], unavailable=Treatment.ALLOW)
    assert out[0].startswith("Wanda writes to EMAIL_")


def test_a_service_that_is_silent_once_is_asked_again() -> None:
    """What was let pass without an answer is not remembered as free of names."""
    sidecar = Sidecar(answers=False)
    applied = msgspec.structs.replace(rules(), services=(service(unavailable=Treatment.ALLOW),))
    policy = scrub(sidecar, applied)
    assert sent(sidecar, ["Wanda writes"], policy) == ["Wanda writes"]
    sidecar.answers = True
    assert sent(sidecar, ["Wanda writes"], policy)[0].startswith("PERSON_")


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        ("presidio", b'[{"entity_type":"PERSON","start":0,"end":5,"score":0.85}]', [(0, 5, "person")]),
        ("presidio", b'[{"entity_type":"NRP","start":0,"end":5,"score":0.85}]', []),
        ("http", b'{"spans":[{"start":0,"end":5,"kind":"person"}]}', [(0, 5, "person")]),
        ("http", b'{"spans":[{"start":0,"end":50,"kind":"person"}]}', None),
        ("http", b'{"spans":[{"start":3,"end":3,"kind":"person"}]}', None),
        ("http", b"<html>", None),
        ("presidio", b'{"error":"no"}', None),
    ],
)
def test_an_answer_is_read_strictly(kind: str, body: bytes, found: list[tuple[int, int, str]] | None) -> None:
    """Spans inside the text, of kinds that are known; anything else is no answer."""
    told = services.answer(service(kind), "Wanda writes", body)
    assert (None if told is None else [(one.start, one.end, one.kind) for one in told]) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ('[{"text":"Wanda","kind":"person"}]', [(0, 5), (10, 15)]),
        ('Here: ```json\n[{"text":"Wanda","kind":"person"}]\n```', [(0, 5), (10, 15)]),
        ('[{"text":"Wanda","kind":"city"}]', []),
        ('[{"text":"Walter","kind":"person"}]', []),
        ("[]", []),
        ("There are none.", None),
    ],
)
def test_what_a_model_names_is_looked_for_exactly(said: str, found: list[tuple[int, int]] | None) -> None:
    """Wherever it stands; what is no list is no answer."""
    told = services.named(service("chat"), "Wanda met Wanda.", said)
    assert (None if told is None else [(one.start, one.end) for one in told]) == found
