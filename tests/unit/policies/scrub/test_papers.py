"""PDFs in a request: read once, refused where what they say would have to change, and where nobody can read them."""

import asyncio
import base64
import json

import msgspec
import pytest

from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError
from penstock.core.head import RequestHead
from penstock.core.pages import Pages, Unread
from penstock.core.scrubbed import Count
from penstock.core.text import Sort
from penstock.policies.scrub import Scrub, Treatment
from penstock.policies.scrub.papers import AT_ONCE, MOST_NEW, Papers
from tests.support.walked import WALKING, route
from tests.unit.policies.scrub.spoken import rules
from tests.unit.policies.scrub.test_masking import Silent

KEY = KeyProfile("key_1", "one")


class Library:
    """What each PDF says is what it is; ``read`` is all that was read, ``most`` how many at once."""

    def __init__(self, **told: Pages) -> None:
        self.read: list[str] = []
        self.told = told
        self.open = self.most = 0

    def __call__(self, pdf: bytes) -> Pages:
        """Its bytes, as words."""
        self.open += 1
        self.most = max(self.most, self.open)
        said = pdf.decode()
        self.read.append(said)
        self.open -= 1
        return self.told.get(said, Pages(said))


def scrub(library: Library, image: Treatment = Treatment.FLAG, **actions: Treatment) -> Scrub:
    held = msgspec.structs.replace(rules(**actions), attached={Sort.PDF: Treatment.SCAN, Sort.IMAGE: image})
    made = Scrub({"anthropic": WALKING["anthropic"]}, {"anthropic": Silent()}, lambda _: held, b"s",
                 lambda answer: answer, lambda: lambda: False)  # type: ignore[arg-type,return-value]  # fmt: skip
    made.papers = Papers(library)
    return made


def pdf(said: str) -> dict[str, object]:
    data = base64.b64encode(said.encode()).decode()
    return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}


def asked(made: Scrub, *turns: object) -> Exchange:
    """A conversation of these turns, each a text or a content, as it goes out."""
    messages = [{"role": "user", "content": turn} for turn in turns]
    body = json.dumps({"model": "m", "messages": messages}).encode()
    head = RequestHead("POST", b"/v1/messages", ())
    match = route("anthropic", "/v1/messages")
    exchange = Exchange("x", head, match, 0.0, document=Document(body, body), caller=Caller(KEY))
    asyncio.run(made.enter(exchange))
    return exchange


def counts(exchange: Exchange) -> tuple[Count, ...]:
    assert exchange.scrubbed is not None
    return exchange.scrubbed.counts


def refused(made: Scrub, *turns: object) -> str:
    with pytest.raises(FaultError) as error:
        asked(made, *turns)
    return error.value.fault.words


def test_a_pdf_is_read_once() -> None:
    """Its conversation goes on, and another brings it, in lines and in the other alphabet: nobody reads it again."""
    library = Library()
    made = scrub(library)
    first = asked(made, [pdf("all is well?>~")])
    assert counts(first) == (Count("attached", "pdf", "scan", 1),)
    asked(made, [pdf("all is well?>~")], "and then", "wanda@x.org")
    data = base64.urlsafe_b64encode(b"all is well?>~").decode().rstrip("=")
    asked(
        made,
        [
            {
                **pdf(""),
                "source": {"type": "base64", "media_type": "application/pdf", "data": f"{data[:4]}\r\n{data[4:]}"},
            }
        ],
    )
    assert library.read == ["all is well?>~"]


def test_a_value_that_would_be_masked_refuses_the_request() -> None:
    """One that is found in it, and one that is known from before it; what is allowed or only counted passes."""
    words = refused(scrub(Library()), [pdf("to wanda@x.org")])
    assert "'email'" in words
    assert "wanda" not in words
    assert "'person'" in refused(scrub(Library()), "My name is Wanda", [pdf("Wanda was here")])
    assert counts(asked(scrub(Library(), email=Treatment.FLAG), [pdf("to wanda@x.org")])) == (
        Count("attached", "pdf", "scan", 1),
        Count("email", "document", "flag", 1),
    )
    assert counts(asked(scrub(Library(), email=Treatment.ALLOW), [pdf("to wanda@x.org")])) == (
        Count("attached", "pdf", "scan", 1),
    )
    assert "'email'" in refused(scrub(Library(), email=Treatment.BLOCK), [pdf("to wanda@x.org")])


def test_what_stands_behind_a_pdf_is_masked_as_ever() -> None:
    """Nothing of the PDF changes with it."""
    out = asked(scrub(Library()), [pdf("well"), {"type": "text", "text": "to wanda@x.org"}]).document
    assert out is not None
    first, second = json.loads(out.raw)["messages"][0]["content"]
    assert first == pdf("well")
    assert second["text"].startswith("to EMAIL_")


def test_pictures_in_a_pdf_are_pictures() -> None:
    """What is said of pictures is said of them."""
    library = Library(drawn=Pages("drawn", pictures=2))
    assert Count("attached", "image", "flag", 2) in counts(asked(scrub(library), [pdf("drawn")]))
    assert "image" in refused(scrub(library, image=Treatment.BLOCK), [pdf("drawn")])


@pytest.mark.parametrize("why", Unread)
def test_what_cannot_be_read_is_refused(why: Unread) -> None:
    """Each with words of its own that say what to do; what nobody had time for may be asked again."""
    made = scrub(Library(well=Pages(unread=why)))
    with pytest.raises(FaultError) as error:
        asked(made, [pdf("well")])
    fault = error.value.fault
    assert fault.status == (503 if why is Unread.BUSY else 400)
    assert fault.may_retry is (why is Unread.BUSY)
    assert any(word in fault.words for word in ("Send", "Save", "Try again"))


def test_a_string_that_is_no_base64_is_refused() -> None:
    """Whoever else reads it may read something."""
    broken = {**pdf(""), "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0*"}}
    library = Library()
    assert "damaged" in refused(scrub(library), [broken])
    assert library.read == []


def test_few_are_read_at_once_and_of_a_request_not_too_many() -> None:
    """Requests wait for one another."""
    library = Library()
    papers = Papers(library)
    made = scrub(library)
    made.papers = papers

    async def several() -> None:
        bodies = [
            json.dumps({"messages": [{"role": "user", "content": [pdf(f"no. {one}")]}]}).encode() for one in range(9)
        ]
        head, match = RequestHead("POST", b"/v1/messages", ()), route("anthropic", "/v1/messages")
        await asyncio.gather(
            *(
                made.enter(Exchange("x", head, match, 0.0, document=Document(body, body), caller=Caller(KEY)))
                for body in bodies
            )
        )

    asyncio.run(several())
    assert len(library.read) == 9
    assert library.most <= AT_ONCE
    assert "more than 20" in refused(made, [pdf(f"new {one}") for one in range(MOST_NEW + 1)])


def test_whoever_only_asks_what_would_go_out_has_pdfs_read_too() -> None:
    """On the spot."""
    library = Library()
    made = scrub(library)
    body = json.dumps({"messages": [{"role": "user", "content": [pdf("well"), pdf("too")]}]}).encode()
    match = route("anthropic", "/v1/messages")
    exchange = Exchange(
        "x", RequestHead("POST", b"/", ()), match, 0.0, document=Document(body, body), caller=Caller(KEY)
    )
    made.mask(exchange)
    assert library.read == ["well", "too"]
    assert counts(exchange) == (Count("attached", "pdf", "scan", 2),)
    assert exchange.scrubbed is not None
    assert exchange.scrubbed.told == "attached=2;scan"
