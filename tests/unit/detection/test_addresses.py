"""Which postal addresses are found, country by country; and which numbers beside words are none."""

import pytest

from penstock.core.finding import Matter
from penstock.detection.addresses import Addresses


def addresses(text: str, matter: Matter = Matter.USER) -> list[str]:
    """What is found of a text, in its words."""
    return [text[one.start : one.end] for one in Addresses().find(text, matter)]


@pytest.mark.parametrize(
    "address",
    [
        "1600 Pennsylvania Avenue NW, Washington, DC 20500",
        "742 Evergreen Terrace\nSpringfield, IL 62701",
        "221B Baker Street, London NW1 6XE",
        "Flat 4, 56 High Street, Manchester M1 2AB",
        "24 Sussex Drive, Ottawa ON K1M 1M4",
        "5 George Street, Sydney NSW 2000",
        "42 MG Road, Bengaluru 560001",
        "350 Fifth Avenue, Suite 3300",
        "Lange Straße 12a, 10115 Berlin",
        "Hauptstr. 5, 80331 München",
        "Bahnhofstrasse 21\n8001 Zürich",
        "12 rue de la Paix, 75002 Paris",
        "27 bis, boulevard Saint-Michel, 75005 Paris",
        "Calle de Alcalá, 45, 28014 Madrid",
        "Rua Augusta 1508",
        "Via Roma 10, 00184 Roma",
        "Keizersgracht 123, 1015 CJ Amsterdam",
        "ul. Marszałkowska 10/12, 00-590 Warszawa",
        "Storgata 5, 0155 Oslo",
        "Kungsgatan 12, 111 35 Stockholm",
        "Vesterbrogade 3, 1620 København",
        "Mannerheimintie 10, 00100 Helsinki",
        "Király u. 15",
        "P.O. Box 1234, Springfield, IL 62701",
        "Postfach 10 20 30",
        "PSC 1437, Box 3833\nAPO AA 66791",
        "Colorado Springs, CO 70079",
        "27534 Skolavegur 63 Apt. 864",
        "the corner of Elm Street and Fifth Avenue",
    ],
)
def test_addresses(address: str) -> None:
    """Found in a sentence, from the first letter to the last."""
    text = f"Please send it to {address}."
    assert addresses(text) == [address.removeprefix("the ")]


@pytest.mark.parametrize(
    "text",
    [
        "see Figure 5 Street view; 3 Docker containers; 12 Angry Men; the 10 Way handshake",
        "step 2 Add the Street field, section 4 Drive Letters",
        "On 7 March St Patrick is not yet remembered. 12 May Drive.",
        "In 2025, Pure Cycles Green was sold. 5 Google Drive folders",
        "Suite 501 passed, Unit 3 failed, Room 12 is free",
        "python 3.11 on Ubuntu 22.04, node 20 Alpine, HTTP 404 Not Found",
        "2 Main Branches, 3 Park Rangers, 100 Green Bottles",
        "I live in Berlin, on the road to Main Street.",
        "version 10115 Berlin, build 62701",
    ],
)
def test_look_alikes(text: str) -> None:
    """Numbers beside words, streets without numbers, units and towns alone."""
    assert addresses(text) == []


def test_addresses_are_looked_for_in_prose_alone() -> None:
    """Not in what a model gives to tools, nor in identifiers."""
    text = "Ship to 221B Baker Street, please."
    assert {matter for matter in Matter if addresses(text, matter)} == {matter for matter in Matter if matter.prose}


def test_several_addresses_stay_apart() -> None:
    """With a word between them."""
    assert addresses("From 10 Downing Street to 11 Wall Street.") == ["10 Downing Street", "11 Wall Street"]


def test_places_are_told_in_characters() -> None:
    """Letters of two bytes before and inside count once."""
    assert addresses("Größe ä ö ü: Königstraße 7, dann Ödön utca 3.") == ["Königstraße 7", "Ödön utca 3"]
