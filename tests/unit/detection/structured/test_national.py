"""Numbers that states give: each is found with its right sum, and not with another digit in its place."""

import pytest

from penstock.core.finding import Matter
from penstock.detection.engine import engine

NUMBERS = [
    ("us-ssn", "460-89-9847", None),
    ("us-ssn-said", "SSN 460899847", None),
    ("us-ein", "EIN: 12-3456789", None),
    ("us-itin", "ITIN: 912-70-1234", None),
    ("ca-sin", "SIN: 130 692 544", "130 692 544"),
    ("mx-curp", "HEGG560427MVZRRL04", "HEGG560427MVZRRL04"),
    ("mx-rfc", "RFC: GODE561231GR8", None),
    ("br-cpf", "529.982.247-25", "529.982.247-25"),
    ("br-cpf-said", "CPF 52998224725", "52998224725"),
    ("br-cnpj", "11.222.333/0001-81", "11.222.333/0001-81"),
    ("ar-cuit", "20-12345678-6", "20-12345678-6"),
    ("cl-rut", "12.345.678-5", "12.345.678-5"),
    ("uk-nino", "AB 12 34 56 C", None),
    ("uk-nino-said", "National Insurance number: AB123456C", None),
    ("uk-nhs", "NHS number 943 476 5919", "943 476 5919"),
    ("ie-pps", "PPS number: 1234567T", "1234567T"),
    ("de-steuer-id", "Steuer-ID: 86 095 742 719", "86 095 742 719"),
    ("de-rentenversicherung", "Rentenversicherungsnummer 15070649C103", "15070649C103"),
    ("at-svnr", "SVNR: 1237 010180", "1237 010180"),
    ("ch-ahv", "756.9217.0769.85", "756.9217.0769.85"),
    ("fr-nir", "2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
    ("fr-nir-said", "NIR: 255081416802538", "255081416802538"),
    ("be-rijksregister", "85.07.30-033.28", "85.07.30-033.28"),
    ("nl-bsn", "BSN: 111222333", "111222333"),
    ("es-dni", "12345678-Z", "12345678-Z"),
    ("es-dni-said", "DNI: 12345678Z", "12345678Z"),
    ("es-dni-said", "NIE X1234567L", "X1234567L"),
    ("pt-nif", "NIF: 123456789", "123456789"),
    ("it-codice-fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    ("hr-oib", "OIB: 69435151530", "69435151530"),
    ("pl-pesel", "PESEL: 44051401359", "44051401359"),
    ("pl-nip", "NIP 106-00-00-062", "106-00-00-062"),
    ("cz-rodne-cislo", "rodné číslo: 736028/5163", "736028/5163"),
    ("ro-cnp", "CNP: 1800101221144", "1800101221144"),
    ("bg-egn", "ЕГН: 7523169263", "7523169263"),
    ("tr-kimlik", "TC Kimlik: 10000000146", "10000000146"),
    ("ru-inn", "ИНН: 500100732259", "500100732259"),
    ("ru-snils", "112-233-445 95", "112-233-445 95"),
    ("se-personnummer", "personnummer 811218-9876", "811218-9876"),
    ("dk-cpr", "CPR: 070761-4285", None),
    ("fi-hetu", "131052-308T", "131052-308T"),
    ("is-kennitala", "kennitala: 120174-3399", None),
    ("ee-isikukood", "isikukood 37605030299", "37605030299"),
    ("in-aadhaar", "Aadhaar: 2341 2341 2346", "2341 2341 2346"),
    ("in-pan", "ABCPE1234F", None),
    ("cn-resident-identity", "11010519491231002X", "11010519491231002X"),
    ("jp-my-number", "マイナンバー: 1234 5678 9018", "1234 5678 9018"),
    ("tw-identity", "national ID: A123456789", "A123456789"),
    ("hk-hkid", "A123456(3)", "A123456(3)"),
    ("sg-nric", "S1234567D", "S1234567D"),
    ("my-mykad", "MyKad 800101-14-5678", None),
    ("th-identity", "1-2345-67890-12-1", "1-2345-67890-12-1"),
    ("il-teudat-zehut", "teudat zehut: 123456782", "123456782"),
    ("au-tfn", "TFN: 123 456 782", "123 456 782"),
    ("au-medicare", "Medicare 2123 45670 1", None),
    ("nz-ird", "IRD: 49-091-850", "49-091-850"),
    ("za-identity", "ID number: 8001015009087", "8001015009087"),
]


@pytest.mark.parametrize(("rule", "text", "value"), NUMBERS, ids=[f"{row[0]}-{row[1]}" for row in NUMBERS])
def test_a_number_is_found_with_its_sum_alone(rule: str, text: str, value: str | None) -> None:
    """Found by its own rule; where it has a sum, each other last digit or letter but one makes it nobody's."""
    detector = engine(frozenset({"national-id"}))
    found = detector.find(text, Matter.USER)
    assert [one.rule for one in found] == [f"national-id.{rule}"]
    if value is None:
        return
    assert text[found[0].start : found[0].end] == value
    place = text.rindex(next(letter for letter in reversed(value) if letter.isalnum()))
    others = "0123456789" if text[place].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = [text[:place] + other + text[place + 1 :] for other in others if other != text[place]]
    kept = [one for one in wrong if detector.find(one, Matter.USER)]
    assert kept == []


LEFT = [
    "000-12-3456",
    "666-12-3456",
    "912-34-5678",
    "123-00-4567",
    "SSN: 1234567890",
    "12345678Z",
    "123456782",
    "1234567890128",
]


@pytest.mark.parametrize("text", LEFT)
def test_a_number_with_nothing_said_about_it_is_left_alone(text: str) -> None:
    """Where its shape or sum is too weak to tell it from others."""
    assert not engine(frozenset({"national-id"})).find(text, Matter.RESULT)
