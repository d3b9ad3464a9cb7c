"""A request is sent elsewhere than it would have gone, maybe to another model: what every policy that says so does."""

from penstock.core.document import Document
from penstock.core.equipment import Equipping
from penstock.core.exchange import Exchange
from penstock.core.ruling import Destination


def reroute(exchange: Exchange, equipping: Equipping, destination: Destination) -> None:
    """Where the plan will send it. What was decided earlier stays."""
    if exchange.destination is not None:
        return
    exchange.destination = destination
    document = exchange.document
    if destination.model is None or document is None:
        return
    plain = document.decoded()
    exchange.match, body = equipping.renamed(exchange.match, plain.raw, destination.model)
    if body is not plain.raw:
        exchange.document = Document(body, body, undone=plain.undone)
