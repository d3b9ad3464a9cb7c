"""Addresses of Bitcoin, Litecoin and Ethereum, each with its own check: base58check, bech32 (BIP-173), bech32m
(BIP-350), capitals by Keccak (EIP-55)."""

import re
from hashlib import sha256

from penstock.detection.rule import Candidate, Rule

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_VERSIONS = frozenset({0x00, 0x05, 0x30, 0x32})
"""Bitcoin's and Litecoin's."""
_WORDS = re.compile(
    r"(?i)wallet|\beth(?:er(?:eum)?)?\b|erc-?20|usdt|usdc|address|polygon|\bbsc\b|metamask|send|pay|transfer"
)


def _base58check(candidate: Candidate) -> bool:
    number = 0
    for letter in candidate.value:
        number = number * 58 + _BASE58.index(letter)
    if number >= 1 << 200:
        return False
    data = number.to_bytes(25, "big")
    return data[0] in _VERSIONS and sha256(sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def _bech32(candidate: Candidate) -> bool:
    value = candidate.value.lower()
    if candidate.value not in {value, value.upper()}:
        return False
    prefix, _, data = value.rpartition("1")
    words = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    words += [_BECH32.index(letter) for letter in data]
    total = 1
    for word in words:
        top = total >> 25
        total = (total & 0x1FFFFFF) << 5 ^ word
        for place, generator in enumerate(_GENERATOR):
            total ^= generator if top >> place & 1 else 0
    return total in {1, 0x2BC830A3}


def _ethereum(candidate: Candidate) -> bool:
    address = candidate.value[2:]
    if len(set(address)) < 8:
        return False
    if address in {address.lower(), address.upper()}:
        return _WORDS.search(candidate.before(60)) is not None
    digest = keccak256(address.lower().encode()).hex()
    return all(
        letter.isdigit() or letter.isupper() == (int(told, 16) > 7)
        for letter, told in zip(address, digest, strict=False)
    )


_MASK = (1 << 64) - 1


def _turned(word: int, by: int) -> int:
    return (word << by | word >> 64 - by) & _MASK if by else word


def _permuted(state: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600], after FIPS 202, 3.2 and 3.3."""
    register = 1
    for _ in range(24):
        columns = [state[x][0] ^ state[x][1] ^ state[x][2] ^ state[x][3] ^ state[x][4] for x in range(5)]
        state = [[word ^ columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1) for word in state[x]] for x in range(5)]
        x, y, current = 1, 0, state[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, state[x][y] = state[x][y], _turned(current, (step + 1) * (step + 2) // 2 % 64)
        for y in range(5):
            row = [state[x][y] for x in range(5)]
            for x in range(5):
                state[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5] & _MASK)
        for place in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                state[0][0] ^= 1 << ((1 << place) - 1)
    return state


def keccak256(data: bytes) -> bytes:
    """Keccak as it was before FIPS 202 changed its padding; for less than one block of 136 bytes."""
    block = bytearray(data + b"\1").ljust(136, b"\0")
    block[-1] ^= 0x80
    state = [[0] * 5 for _ in range(5)]
    for place in range(17):
        state[place % 5][place // 5] = int.from_bytes(block[8 * place : 8 * place + 8], "little")
    state = _permuted(state)
    return b"".join(state[place][0].to_bytes(8, "little") for place in range(4))


RULES = (
    Rule(
        name="crypto-wallet.base58check",
        kind="crypto-wallet",
        pattern=r"\b[13LM][1-9A-HJ-NP-Za-km-z]{25,33}\b",
        check=_base58check,
    ),
    Rule(
        name="crypto-wallet.bech32",
        kind="crypto-wallet",
        pattern=r"\b(?i:bc1|ltc1)[02-9AC-HJ-NP-Zac-hj-np-z]{14,74}\b",
        sign=r"\b(?i:bc1|ltc1)[02-9AC-HJ-NP-Zac-hj-np-z]{14}",
        check=_bech32,
    ),
    Rule(
        name="crypto-wallet.ethereum",
        kind="crypto-wallet",
        pattern=r"\b0x[0-9a-fA-F]{40}\b",
        check=_ethereum,
    ),
)
