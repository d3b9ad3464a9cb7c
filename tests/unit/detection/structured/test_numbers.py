"""Phones, cards, IBANs, addresses on networks, wallets, logins, documents: what is found, and what is left alone."""

import pytest

from penstock.core.finding import Matter
from penstock.detection.engine import engine

FOUND = [
    ("phone", "Ring +49 (0)30 1234567 please", "+49 (0)30 1234567"),
    ("phone", "phone +49 30 28902605.  25C in Berlin", "+49 30 28902605"),
    ("ip", "it came from <81.187.58.93>, they say", "81.187.58.93"),
    ("phone", "+14155552671", "+14155552671"),
    ("phone", "(415) 555-2671 x12", "(415) 555-2671 x12"),
    ("phone", "They sit at 415-555-2671.", "415-555-2671"),
    ("phone", "01 42 68 53 00, Paris", "01 42 68 53 00"),
    ("phone", '{"phone_number": "4155552671"}', "4155552671"),
    ("phone", "Handy: 0171 2345678", "0171 2345678"),
    ("phone", "Call me on 9472 7916?", "9472 7916"),
    ("phone", "call me at 18014710497 tomorrow", "18014710497"),
    ("phone", "My number is 4155550132.", "4155550132"),
    ("phone", "ruf an, Büro oder mobil: 0171/2345678", "0171/2345678"),
    ("phone", "416 60 039 office", "416 60 039"),
    ("phone", "電話 03-1234-5678", "03-1234-5678"),
    ("card", "4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("card", "4111-1111-1111-1111", "4111-1111-1111-1111"),
    ("card", "paid with 5555555555554444 today", "5555555555554444"),
    ("card", "3782 822463 10005", "3782 822463 10005"),
    ("card", "my card is 180000826105910", "180000826105910"),
    ("card", "Karte: 4222222222222", "4222222222222"),
    ("card", "4111111111111111|12|26|123", "4111111111111111"),
    ("card", "4111111111111111,12/26,123", "4111111111111111"),
    ("card", "４１１１ １１１１ １１１１ １１１１", "４１１１ １１１１ １１１１ １１１１"),
    ("iban", "DE89 3704 0044 0532 0130 00 and", "DE89 3704 0044 0532 0130 00"),
    ("iban", "AT61 1904 3002 3457 3201 was mine", "AT61 1904 3002 3457 3201"),
    ("iban", "gb82west12345698765432", "gb82west12345698765432"),
    ("iban", "DE 89 3704 0044 0532 0130 00", "DE 89 3704 0044 0532 0130 00"),
    ("iban", "NO9386011117947", "NO9386011117947"),
    ("ip", "from 86.121.97.248:443", "86.121.97.248"),
    ("ip", "http://86.121.97.248/x", "86.121.97.248"),
    ("ip", "at 2a02:8108:50c0::1a2b, he", "2a02:8108:50c0::1a2b"),
    ("ip", "6e40:4041:c617:e898:c11:40d2:c669:2eb4", "6e40:4041:c617:e898:c11:40d2:c669:2eb4"),
    ("ip-private", "ssh 192.168.1.20", "192.168.1.20"),
    ("mac", "00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5E"),
    ("crypto-wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("crypto-wallet", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    (
        "crypto-wallet",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ),
    ("crypto-wallet", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    (
        "crypto-wallet",
        "my wallet 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    ),
    ("url-credentials", "postgres://joe:hunter2@db.corp/x", "joe:hunter2"),
    ("url-credentials", "https://joe:p%40ss@corp.de", "joe:p%40ss"),
    ("passport", "passport number: C01X00T47", "C01X00T47"),
    ("passport", "Reisepass-Nr. C01X00T47", "C01X00T47"),
    ("driver-licence", "driver's license number is F162823540116", "F162823540116"),
    ("bank-account", "account number 12345678", "12345678"),
    ("bank-account", "routing number 021000021", "021000021"),
    ("bank-account", "sort code 20-00-00", "20-00-00"),
    ("date-of-birth", "DOB: 1980-03-12", "1980-03-12"),
    ("date-of-birth", "生年月日: 1980年5月5日", "1980年5月5日"),
    ("date-of-birth", "born on 12 March 1980 in", "12 March 1980"),
    ("date-of-birth", "geboren am 12.03.1980", "12.03.1980"),
]


@pytest.mark.parametrize(("kind", "text", "value"), FOUND)
def test_a_value_is_found(kind: str, text: str, value: str) -> None:
    """All of it and nothing else."""
    found = engine(frozenset({kind})).find(text, Matter.USER)
    assert [text[one.start : one.end] for one in found] == [value]


LEFT = [
    ("phone", "1700000000, 1700000000000, 2024-01-02 03:04:05, 2024-01-02T03:04:05Z, 20240102030405"),
    ("phone", "v0.0.0-20240102030405-abcdef123456 sha512-1234567890 0.1234567890 1.2.3.4 10.0.19041.1"),
    ("phone", "x = 1 + 907133923; y += 3.140000; id=4155552671; 123e4567-e89b-12d3-a456-426614174000"),
    ("phone", "[.0328.0020.0004] 0328.0020.0004 0045 0302 0304 ; E WITH"),
    ("ip", "ObjectIdentifier('1.3.101.112'), update to 1.3.101.112.5"),
    ("phone", "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"),
    ("phone", "12/03/2024 1200 and pages 1000-50000 of 12 345 678 bytes"),
    ("phone", "call(1234567) text 20240101 number (1000-50000)"),
    ("card", "4111111111111112 0000000000000000 1700000000000000000 0.4111111111111111"),
    ("card", '{"id": 4111111111111111111}'),
    ("card", "a4111111111111111 4111111111111111_abc"),
    ("card", "5234567890123456, 4111111111111111"),
    ("iban", "6f2b31c4-be68-5390-0754-70349e8f01ab be68-5390-0754-7034"),
    ("phone", "3f2504e0-0049-3012-3456-0305e82c3301"),
    ("iban", "DE88 3704 0044 0532 0130 00 XX89370400440532013000"),
    ("ip", "0.0.0.0 127.0.0.1 192.0.2.7 198.51.100.1 203.0.113.9 255.255.255.0 224.0.0.1 8.8.8.8"),
    ("ip", "version 86.12.3.4, Chrome/120.1.2.3, ==86.1.2.3, v86.1.2.3, 1.3.6.1.4.1.311, section 8.2.4.45"),
    ("ip", "10.1.2.3 192.168.1.1 172.16.0.1 100.64.0.1 fd00::1"),
    ("ip", "::1 fe80::1 2001:db8::1 std::dec dead::beef add::fee 12:34:56 ab:cd:ef:01:23:45:67:89"),
    ("mac", "ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 12:34:56:78:9a:bc:de 01-02-03:04-05-06"),
    ("crypto-wallet", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"),
    ("crypto-wallet", "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed commit 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    ("url-credentials", "postgres://user:password@host/db https://u:${TOKEN}@h https://u:<pass>@h http://h:80/@x"),
    ("passport", "passport renewal takes 123456 days at most; a C01X00T47"),
    ("bank-account", "account 12345678, routing 021000022"),
    ("date-of-birth", "released 1980-03-12"),
]


@pytest.mark.parametrize(("kind", "text"), LEFT)
def test_what_only_looks_like_a_value_is_left_alone(kind: str, text: str) -> None:
    """Times, versions, identifiers, wrong check digits, reserved ranges, placeholders."""
    found = engine(frozenset({kind})).find(text, Matter.RESULT)
    assert [text[one.start : one.end] for one in found] == []
