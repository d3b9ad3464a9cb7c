"""Which proxy stands before which origin."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from penstock.config import load
from penstock.config.urls import origin_of

PROXY = "http://proxy:3128"


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that default settings give an origin in this environment."""
    return load(None, environment).proxies.proxy_for(origin_of(url))


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://api.openai.com", None),
        ({"HTTPS_PROXY": PROXY}, "https://api.openai.com", PROXY),
        ({"https_proxy": PROXY}, "https://api.openai.com", PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https://api.openai.com", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://api.openai.com", None),
        ({"HTTP_PROXY": PROXY}, "http://10.1.2.3:8000", PROXY),
        ({"HTTP_PROXY": PROXY}, "https://10.1.2.3", None),
        ({"HTTPS_PROXY": "proxy:3128"}, "https://api.openai.com", PROXY),
        ({"HTTPS_PROXY": "http://me:secret@proxy:1/"}, "https://api.openai.com", "http://me:secret@proxy:1"),
        ({"HTTPS_PROXY": ""}, "https://api.openai.com", None),
        ({"HTTPS_PROXY": "none"}, "https://api.openai.com", None),
    ],
)
def test_the_environment_names_proxies_by_scheme(environment: Mapping[str, str], url: str, proxy: str | None) -> None:
    """HTTPS_PROXY is for https, HTTP_PROXY for http; lower case wins; the scheme may be left out."""
    assert proxy_for(url, environment) == proxy


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1:9000", "127.8.8.8", "[::1]:80"])
def test_this_machine_is_never_behind_a_proxy(host: str) -> None:
    """A model server on loopback is reached directly, whatever the environment says."""
    assert proxy_for(f"http://{host}", {"HTTP_PROXY": PROXY}) is None


@pytest.mark.parametrize(
    ("exceptions", "host", "direct"),
    [
        ("*", "api.openai.com", True),
        ("openai.com", "api.openai.com", True),
        ("openai.com", "openai.com", True),
        (".openai.com", "api.openai.com", True),
        ("*.openai.com", "API.OpenAI.com", True),
        ("openai.com", "notopenai.com", False),
        ("api.openai.com", "openai.com", False),
        ("OPENAI.com", "api.openai.com", True),
        ("openai.com.", "api.openai.com", True),
        ("openai.com:443", "api.openai.com", True),
        ("openai.com:8443", "api.openai.com", False),
        ("openai.com:8443", "api.openai.com:8443", True),
        ("10.0.0.0/8", "10.2.3.4", True),
        ("10.0.0.0/8", "11.2.3.4", False),
        ("10.0.0.1/8", "10.2.3.4", True),
        ("10.0.0.0/8", "ten.example.com", False),
        ("10.2.3.4", "10.2.3.4:8000", True),
        ("10.2.3.4:8000", "10.2.3.4:8001", False),
        ("fd00::/8", "[fd00::1]", True),
        ("fd00::1", "[fd00::1]", True),
        ("[fd00::1]:443", "[fd00::1]", True),
        ("[fd00::1]:444", "[fd00::1]", False),
        ("10.0.0.0/8", "[fd00::1]", False),
        ("2.3.4", "10.2.3.4", False),
        (" a.com , b.com,, ", "x.b.com", True),
        ("not/a/network,:,[,.,*.", "api.openai.com", False),
        ("", "api.openai.com", False),
    ],
)
def test_no_proxy_names_domains_addresses_and_networks(exceptions: str, host: str, *, direct: bool) -> None:
    """NO_PROXY names domains with their subdomains, addresses, networks, and any of them with a port."""
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": exceptions}
    assert proxy_for(f"https://{host}", environment) == (None if direct else PROXY)


def test_a_provider_row_wins_over_the_environment(tmp_path: Path) -> None:
    """``proxy`` on a row names its own proxy or none; rows without it follow the environment."""
    path = tmp_path / "penstock.yaml"
    path.write_text(
        "providers:\n"
        "  own: {dialect: openai, base_url: 'https://own.example.com/v1', proxy: 'http://u:p@own:1/'}\n"
        "  direct: {dialect: openai, base_url: 'https://direct.example.com/v1', proxy: none}\n"
        "  usual: {dialect: openai, base_url: 'https://usual.example.com/v1'}\n"
        "  here: {dialect: openai, base_url: 'http://127.0.0.1:1/v1', proxy: 'own:1'}\n"
    )
    settings = load(path, {"HTTPS_PROXY": PROXY, "NO_PROXY": "own.example.com"})
    found = {name: settings.proxies.proxy_for(row.origin) for name, row in settings.providers.items()}
    assert found == {"own": "http://u:p@own:1", "direct": None, "usual": PROXY, "here": "http://own:1"}
