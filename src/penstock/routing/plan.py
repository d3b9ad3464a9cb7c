"""Stop 4: the ordered list of attempts for a request, with reasons. Pure; ``penstock explain`` prints the same.

Decides provider and credential from configuration, the route, the model's name and the caller. A host never comes
from a request.
"""

import fnmatch
import re
from collections.abc import Mapping, Sequence

import msgspec

from penstock.core.caller import Caller, Credential
from penstock.core.document import Facts
from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.route import Match
from penstock.core.ruling import Destination
from penstock.core.target import Attempt, Provider

# Where a client finds each dialect, for words that tell it to go there.
_HOME = {
    "anthropic": "/anthropic/v1/messages",
    "openai": "/openai/v1/chat/completions",
    "gemini": "/gemini/v1beta/models/{model}:generateContent",
}


class ModelRule(msgspec.Struct, frozen=True):
    """Models whose name matches the glob pattern go to the provider of this name."""

    match: str
    provider: str


class Table(msgspec.Struct, frozen=True):
    """Where requests can go: rows in the file's order, and rules, first match wins.

    ``simulators`` stand in, by dialect, for a credential that nobody gave; empty outside the demo.
    """

    providers: Mapping[str, Provider]
    rules: Sequence[ModelRule] = ()
    simulators: Mapping[str, Provider] = {}

    def speaking(self, dialect: str) -> Sequence[Provider]:
        """The providers of a dialect, its default first."""
        return [provider for provider in self.providers.values() if provider.dialect == dialect]

    def default(self, dialect: str) -> Provider | None:
        """The dialect's first provider, or None."""
        for provider in self.providers.values():
            if provider.dialect == dialect:
                return provider
        return None


def plan(
    table: Table, match: Match, facts: Facts, caller: Caller | None, destination: Destination | None = None
) -> tuple[Attempt, ...]:
    """The attempts, in order; FaultError 400 when the request can go nowhere, with words that say why.

    ``destination``: where a content policy sends it, in place of where it would have gone.
    """
    if caller is None:
        raise refuse(FaultKind.UNAUTHENTICATED, "No gateway key was sent. Put it where your client puts its API key.")
    if destination is not None:
        return (_sent(table, match, caller, destination),)
    provider, reason = _provider(table, match, facts)
    simulator = table.simulators.get(match.route.dialect)
    if provider is None:
        if simulator is not None:
            return (Attempt(simulator, None, "no provider is configured: the simulator answers"),)
        words = f"No provider on this gateway speaks {match.route.dialect}; ask your operator to add one."
        raise refuse(FaultKind.MISROUTED, words)
    if caller.bearer:
        return (Attempt(provider, None, "an upload that is under way"),)
    credential = _credential(provider, caller)
    if credential is None and provider.auth != "none":
        if simulator is not None and not caller.key.require_provider_key:
            return (Attempt(simulator, None, "no credential for the provider: the simulator answers"),)
        raise _missing(provider, caller)
    return (Attempt(provider, credential, reason),)


def _sent(table: Table, match: Match, caller: Caller, destination: Destination) -> Attempt:
    """Under the operator's credential alone: the caller's own was meant for another host."""
    provider = table.providers[destination.provider]
    dialect = match.route.dialect
    about = f"This gateway's content policy {destination.policy!r} sends this request to {provider.name}, which"
    if provider.dialect != dialect:
        words = f"{about} speaks {provider.dialect} and not {dialect}. Ask your gateway's operator."
        raise refuse(FaultKind.REFUSED, words)
    credential = None if provider.credential is None else Credential(provider.credential, own=False)
    if provider.auth != "none" and (credential is None or caller.key.require_provider_key):
        raise refuse(FaultKind.REFUSED, f"{about} has no credential for it. Ask your gateway's operator.")
    reason = f"the content policy {destination.policy!r}"
    return Attempt(provider, None if provider.auth == "none" else credential, reason)


def _provider(table: Table, match: Match, facts: Facts) -> tuple[Provider | None, str]:
    dialect = match.route.dialect
    if match.route.routed and facts.model is not None:
        for rule in table.rules:
            if _glob(rule.match).match(facts.model):
                provider = table.providers[rule.provider]
                if provider.dialect != dialect:
                    raise _other_dialect(facts.model, dialect, provider)
                return provider, f"the model rule {rule.match!r}"
    return table.default(dialect), _DEFAULTS[dialect]


def _credential(provider: Provider, caller: Caller) -> Credential | None:
    if provider.auth == "none":
        # A server that wants no credential is not shown one that was meant for another.
        return None
    if caller.credential is not None:
        return caller.credential
    if caller.key.require_provider_key or provider.credential is None:
        return None
    return Credential(provider.credential, own=False)


def _missing(provider: Provider, caller: Caller) -> FaultError:
    if caller.key.require_provider_key:
        words = f"This gateway key must bring its own credential for {provider.name}: send it in X-Provider-Key."
    else:
        words = (
            f"There is no credential for {provider.name}: send your own in X-Provider-Key, "
            "or ask your operator to configure one."
        )
    return refuse(FaultKind.CREDENTIAL_MISSING, words)


def _other_dialect(model: str, dialect: str, provider: Provider) -> FaultError:
    words = (
        f"The model {model[:100]!r} is served by {provider.name}, which speaks {provider.dialect} and not {dialect}. "
        f"Send this request to {_HOME[provider.dialect]} in that format."
    )
    return refuse(FaultKind.MISROUTED, words)


_DEFAULTS = {dialect: f"the first provider that speaks {dialect}" for dialect in _HOME}
_GLOBS: dict[str, re.Pattern[str]] = {}


def _glob(pattern: str) -> re.Pattern[str]:
    compiled = _GLOBS.get(pattern)
    if compiled is None:
        compiled = _GLOBS[pattern] = re.compile(fnmatch.translate(pattern))
    return compiled
