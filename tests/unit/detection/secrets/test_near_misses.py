"""What only looks like a secret is left alone: too short, wrong checksums, examples, references, code, names."""

import re
from random import Random

import pytest

from tests.support.secret_examples import TEMPLATES, TOKENS, token
from tests.support.secret_rules import find

OPEN = (  # noqa: SIM905 - fifty quoted lines would say no more
    "anthropic-api anthropic-admin anthropic-oauth openai-project sk-key apify runpod weights-and-biases "
    "bedrock-long-term bedrock-short-term aws-session-token google-access-token google-refresh-token "
    "azure-client-secret alibaba vault terraform doppler onepassword-account tailscale planetscale neon "
    "dbt elastic pypi artifactory-key octopus grafana-cloud posthog statsig mapbox stripe-live stripe-test "
    "webhook-secret slack-token discord-webhook slack-webhook mailchimp intercom typeform dropbox "
    "facebook twitter-bearer salesforce jwt github-jwt discord-bot encoded-private-key minisign "
    "argon2-hash crypt-hash framework-hash firefox directory-hash"
).split()
"""Forms whose length is not told, or may vary: one letter less is still one of them."""

DUMMIES = {"digits": "0", "hex": "0", "HEX": "0", "upper36": "X", "base32": "X"}


def plain(text: str) -> str:
    """A template's text without its marks."""
    return text.replace("«", "").replace("»", "")


@pytest.mark.parametrize("name", [name for name in TOKENS if name not in OPEN])
def test_a_token_short_by_one_is_none(name: str) -> None:
    """The length is part of the form."""
    dice = Random(name)
    shorter = [plain(token(name, dice))[:-1] for _ in range(4)]
    assert [each for each in shorter if any(found.rule == f"secret.{name}" for found in find(f'a: "{each}"'))] == []


@pytest.mark.parametrize("name", ["age-key", "nostr-key", "extended-private-key"])
def test_a_token_with_a_wrong_checksum_is_none(name: str) -> None:
    """One letter changed, as in a token somebody made up."""
    dice = Random(name)
    for _ in range(8):
        made = token(name, dice)
        place = len(made) // 2
        other = next(each for each in "QZPRY9X8" if each.lower() != made[place].lower())
        wrong = made[:place] + (other if made[-1].isupper() else other.lower()) + made[place + 1 :]
        assert find(f"It was {wrong} I think") == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_example_made_of_one_letter_is_no_token(name: str) -> None:
    """As documentation and settings to be filled in write it: ``sk-xxxxxxxx``."""
    dummy = re.sub(
        r"\{([A-Za-z0-9]+):([0-9]+)\}", lambda place: DUMMIES.get(place[1], "x") * int(place[2]), TEMPLATES[name]
    ).replace("{uuid}", "00000000-0000-0000-0000-000000000000")
    assert find(f'a: "{plain(dummy)}"') == []


@pytest.mark.parametrize(
    "text",
    [
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        'api_key: "your-api-key-goes-here-123"',
        "API_KEY=<your-key>",
        "DB_PASSWORD=changeme",
        "DB_PASSWORD=changeme123!",
        "DB_PASSWORD=${DB_PASSWORD}",
        "DB_PASSWORD=$(pass show db)",
        "  password: {{ vault_db_password }}",
        "  password: !vault |",
        "password = os.environ['DB_PASSWORD1']",
        'password = os.environ.get("DB_PASSWORD2")',
        "const token = process.env.GITHUB_TOKEN2;",
        "password: string;",
        "password: SecretStr",
        "password: Optional[str] = None",
        "secret = get_secret_value(name=secret_name1)",
        'token = self.tokens["access2"].value_of_token',
        "password=args.password1",
        'placeholder="Password1 is required"',
        '"password": "Enter your password"',
        '"password": "postgres"',
        "POSTGRES_PASSWORD=postgres",
        "postgres://postgres:postgres@localhost:5432/app",
        "postgres://user:password@host/db",
        "https://user:${TOKEN}@git.example/x.git",
        "mongodb://%s:%s@%s/db",
        'tokenizer_class = "GPT2TokenizerFast9b3x7q"',
        '"next_page_token": "CAUQAAoaChVEUlM5WnB4c2tQMhIBMhgB"',
        "max_tokens=4096",
        '"primary_key": "a8f5f167f44f4964e6c998dee827110c"',
        'cache_key = "d3b07384d113edec49eaa6238ad5ff00"',
        "idempotency_key: 0b7d25f4-963a-4b80-8c1a-8e5d6f7a8b9c",
        '"token": "0b7d25f4-963a-4b80-8c1a-8e5d6f7a8b9c"',
        '"integrity": "sha512-q0V3mXr9Tn5LkPz7GdWc1HsYb2JfUe8oAi6Nv4MxQtRyKjEpBl0CwSgDhZaFuI5O3T7V9X1Y2W4U6S=="',
        "    --hash=sha256:3e5a9c1f7b2d4806e8f0a2c4b6d8e0f1a3c5b7d9e1f3a5c7b9d1e3f5a7c9b1d3",
        "golang.org/x/net v0.30.0 h1:AcW1SDZMkb8IpzCdQUaIq2sP4sZ4zw+55h6ynffypl4=",
        "commit 9f1c0e5b7a3d48266bd1f07ac2e94d3581fa60b7",
        'if header == "-----BEGIN RSA PRIVATE KEY-----":',
        "-----BEGIN PUBLIC KEY-----\n"
        + "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx7Rk2vYw1mJtq0cL3nZ5\n" * 4
        + "-----END PUBLIC KEY-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG9wX2Qz7Lk4Vm8Rt1Yc5Hs0Jd3Gf6Ke9Nb2Pa4Wu7Ti ana@shop",
        "Bearer token authentication is described below",
        "Authorization: Bearer <token>",
        "Authorization: Basic dXNlcjpwYXNzd29yZA==",
        "The basic understanding of authentication is this.",
        "Our password policy is documented in section 4.2.1 of RFC8446.",
        "I forgot my password and cannot log in since 2024-05-01.",
        "curl -u user:password localhost",
        "docker run -p 8080:8080 shop",
        "git log -p src/main1.py",
        "tests/test_api.py:5432:def test_a:x:y",
        "the token is invalid-or-expired1",
        "eyJhbGciOiJub25lIn0.bm90IGpzb24.c2lnbmF0dXJlc2lnbmF0dXJl",
        "pass the salt, please: it is 1 km away",
    ],
)
def test_look_alikes_are_left_alone(text: str) -> None:
    """Alone and inside of a file."""
    assert find(text) == []
    assert find(f"import os\n\n{text}\n\nprint(1)\n") == []
