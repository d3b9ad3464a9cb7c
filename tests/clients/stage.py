"""One stage for all SDK tests of a worker: a scripted provider per dialect, the gateways, and each client's run.

A client's process runs once for all its features, at first need: its start-up costs more than all that it then does.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.clients.answers import anthropic, gemini, openai
from tests.clients.installed import GENERATIONS, MODULES, NODE, python
from tests.clients.process import Outcome, Target, run
from tests.clients.scrubbed import scrubbing
from tests.clients.terser import Judge, terser
from tests.support.gateway import CALLER_KEY, KEY, Gateway, settings
from tests.support.provider import Provider

SCRIPTS = Path(__file__).with_name("scripts")

CLIENTS = (*(f"python-{generation}" for generation in GENERATIONS), "node")

OPERATORS_KEY = "provider-key-of-the-operator-4f1d"
OWN_KEY = CALLER_KEY
KEYS = frozenset({OPERATORS_KEY, OWN_KEY})

Outcomes = dict[tuple[str, str], Outcome]


@dataclass(frozen=True)
class Family:
    """A vendor's SDKs: which script they run, which header shows their key, and their base URLs."""

    dialect: str
    script: str
    header: str
    direct: str
    """What follows the provider's own origin in a base URL."""
    through: tuple[str, str]
    """What follows the gateway's; the second is an alias, and the caller's own key is tried there."""
    model: str
    """One that the simulator knows."""


FAMILIES = {
    family.dialect: family
    for family in (
        Family("anthropic", "anthropic_features", "x-api-key", "", ("", "/anthropic"), "claude-sonnet-4-5"),
        Family("openai", "openai_features", "authorization", "/v1", ("/v1", "/openai/v1"), "gpt-5-mini"),
        Family("gemini", "google_features", "x-goog-api-key", "", ("/gemini", "/gemini"), "gemini-2.5-flash"),
    )
}

ONLY_BARE = frozenset({"no_provider_key"})
ONLY_SCRIPTED = re.compile(
    r"no_provider_key|.*(cancel|abandon|refuses|fails|cut|limited|gone|overloaded|bad_request|stored|batch|files|caches).*"
)
"""What needs a model of the scripted provider's own, or objects that the simulator doesn't keep."""


def features(script: str) -> list[str]:
    """The features that a script has; Python's is the longer one."""
    return re.findall(r"^@feature\ndef (\w+)", (SCRIPTS / f"{script}.py").read_text(), re.MULTILINE)


def simulated_features(family: Family) -> list[str]:
    """Those that the demo has to offer too."""
    return [name for name in features(family.script) if not ONLY_SCRIPTED.fullmatch(name)]


@dataclass
class Stage:
    """Providers and gateways that run, and what came of each client so far."""

    folder: Path
    providers: dict[str, Provider]
    gateway: Gateway
    bare: Gateway
    """Has no credential of its own: each caller must bring one."""
    stack: ExitStack

    def __post_init__(self) -> None:
        self._runs: dict[tuple[str, str, bool], Outcomes] = {}

    def outcomes(self, dialect: str, client: str) -> Outcomes:
        """What came of every feature of this client, at every target."""
        return self._run(FAMILIES[dialect], client, simulated=False)

    def simulated(self, dialect: str, client: str) -> Outcomes:
        """The same in the demo, where the simulator answers."""
        return self._run(FAMILIES[dialect], client, simulated=True)

    @cached_property
    def demo(self) -> Gateway:
        """Started only for those who ask for it."""
        folder = self.folder / "demo"
        folder.mkdir()
        # With addresses on this machine: a mistake must not carry a made-up key to a real provider.
        return self.stack.enter_context(Gateway(self.bare.config, folder, arguments=("--demo",)))

    def _run(self, family: Family, client: str, *, simulated: bool) -> Outcomes:
        wanted = (family.dialect, client, simulated)
        if wanted not in self._runs:
            home = self.folder / f"{family.dialect}-{client}{'-simulated' if simulated else ''}"
            home.mkdir()
            targets = self._simulated(family) if simulated else self._scripted(family)
            provider = self.providers[family.dialect]
            self._runs[wanted] = run(command(family, client, home), targets, provider, home)
        return self._runs[wanted]

    def _scripted(self, family: Family) -> list[Target]:
        provider = self.providers[family.dialect]
        asked = [name for name in features(family.script) if name not in ONLY_BARE]
        first, second = (self.gateway.url + path for path in family.through)
        return [
            Target("direct", provider.base_url + family.direct, OPERATORS_KEY, asked, {}),
            Target("operator", first, KEY, asked, {}),
            Target("own", second, KEY, asked, {"X-Provider-Key": OWN_KEY}),
            Target("bare", self.bare.url + family.through[0], KEY, sorted(ONLY_BARE), {}),
        ]

    def _simulated(self, family: Family) -> list[Target]:
        base_url, every = self.demo.url + family.through[0], simulated_features(family)
        # Where tools are offered, the simulator shall call twice at once.
        return [Target("demo", base_url, KEY, every, {"x-simulate": "calls=2"}, family.model)]


def command(family: Family, client: str, home: Path) -> list[Path]:
    """How this client runs its script. Node finds modules beside the script, so it gets a copy that has them there."""
    if client != "node":
        return [python(client.removeprefix("python-")), SCRIPTS / f"{family.script}.py"]
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, home)
    (home / "node_modules").symlink_to(MODULES)
    return [NODE, home / f"{family.script}.mjs"]


@contextmanager
def running(folder: Path) -> Iterator[Stage]:
    """The stage, for as long as the context is open."""
    with ExitStack() as stack:
        providers = {
            name: stack.enter_context(Provider(speaks.script(KEYS), hearing=Judge()))
            for name, speaks in (("anthropic", anthropic), ("openai", openai), ("gemini", gemini))
        }
        rows = {
            name: {"dialect": name, "base_url": provider.base_url + FAMILIES[name].direct}
            for name, provider in providers.items()
        }
        keyed = {name: {**row, "api_key": OPERATORS_KEY} for name, row in rows.items()}
        folders = [folder / name for name in ("gateway", "bare")]
        for each in folders:
            each.mkdir()
        gateway = stack.enter_context(Gateway({**settings(**keyed), **terser(), **scrubbing()}, folders[0]))
        bare = stack.enter_context(Gateway({**settings(**rows), **terser(), **scrubbing()}, folders[1]))
        yield Stage(folder, providers, gateway, bare, stack)
