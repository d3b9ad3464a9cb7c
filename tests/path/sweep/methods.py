"""The methods of an SDK's client, found by reflection, and which of them are no single call of a family served here."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# Families that the gateway does not serve: how many methods each has, and why it is left out. A family that grows, or a
# new one, fails the test until somebody has decided about it.
OUTSIDE: dict[str, dict[str, tuple[int, str]]] = {
    "openai": {
        "admin": (143, "the organisation's administration: keys, projects, people"),
        "audio.voice_consents": (5, "recordings of consent belong to the operator"),
        "audio.voices": (2, "custom voices belong to the operator"),
        "beta.agents": (62, "agents that the provider runs, with vaults and environments of their own"),
        "beta.chatkit": (6, "the back end of a hosted chat page"),
        "beta.realtime": (3, "WebSocket sessions and their tickets"),
        "content_provenance_checks": (1, "not among the published families"),
        "decisions": (1, "not among the published families"),
        "evals": (12, "not among the published families"),
        "live": (10, "WebSocket and WebRTC sessions"),
        "realtime": (9, "WebSocket and WebRTC sessions"),
        "safety": (2, "notices to the account's owner"),
        "skills": (11, "code that runs at the provider belongs to the operator"),
        "webhooks": (10, "calls from the provider to the account's owner"),
    },
    "anthropic": {
        "beta.agents": (6, "agents that the provider runs"),
        "beta.deployment_runs": (2, "agents that the provider runs"),
        "beta.deployments": (8, "agents that the provider runs"),
        "beta.dreams": (5, "agents that the provider runs"),
        "beta.environments": (14, "agents that the provider runs"),
        "beta.memory_stores": (14, "agents that the provider runs"),
        "beta.organization": (149, "the organisation's administration"),
        "beta.sessions": (19, "agents that the provider runs"),
        "beta.skills": (9, "code that runs at the provider belongs to the operator"),
        "beta.tunnels": (10, "ways into the account owner's network"),
        "beta.user_profiles": (7, "the account owner's own users"),
        "beta.vaults": (13, "agents that the provider runs"),
        "beta.webhooks": (2, "calls from the provider to the account's owner"),
        "organization": (82, "the organisation's administration"),
        "skills": (8, "code that runs at the provider belongs to the operator"),
        "user_profiles": (6, "the account owner's own users"),
    },
}

# Methods of the families served that make no request of their own: they call others, or open a WebSocket, which the
# gateway answers with 426.
COMPOSED: dict[str, frozenset[str]] = {
    "openai": frozenset(
        {
            "beta.chat.completions.stream",
            "beta.responses.connect",
            "beta.threads.create_and_run_poll",
            "beta.threads.create_and_run_stream",
            "beta.threads.runs.create_and_poll",
            "beta.threads.runs.create_and_stream",
            "beta.threads.runs.poll",
            "beta.threads.runs.stream",
            "beta.threads.runs.submit_tool_outputs_and_poll",
            "beta.threads.runs.submit_tool_outputs_stream",
            "chat.completions.stream",
            "files.wait_for_processing",
            "responses.connect",
            "responses.stream",
            "uploads.upload_file_chunked",
            "vector_stores.file_batches.create_and_poll",
            "vector_stores.file_batches.poll",
            "vector_stores.file_batches.upload_and_poll",
            "vector_stores.files.create_and_poll",
            "vector_stores.files.poll",
            "vector_stores.files.upload",
            "vector_stores.files.upload_and_poll",
            "videos.create_and_poll",
            "videos.poll",
        }
    ),
    "anthropic": frozenset(
        {
            "beta.messages.stream",
            "beta.messages.thread",
            "beta.messages.tool_runner",
            "messages.parse",
            "messages.stream",
        }
    ),
}


# Arguments that the annotations do not tell: helpers check them before they call.
_STRICT = {"type": "function", "function": {"name": "look", "strict": True, "parameters": {"type": "object"}}}
OVERRIDES: dict[str, dict[str, Any]] = {
    "openai: beta.chat.completions.parse": {"tools": [_STRICT]},
    "openai: chat.completions.parse": {"tools": [_STRICT]},
}


@dataclass(frozen=True)
class Method:
    """One method of one resource, such as ``beta.threads.runs`` and ``create``."""

    sdk: str
    resource: str
    name: str

    def on(self, client: Any) -> Callable[..., Any]:
        """The bound method whose result shows the bytes of the answer."""
        for step in self.resource.split("."):
            client = getattr(client, step)
        return getattr(client.with_raw_response, self.name)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return f"{self.sdk}: {self.resource}.{self.name}"


def all_of(sdk: str, client: Any, resource_class: type) -> list[Method]:
    """Every public method of every resource of a client."""
    found = [
        Method(sdk, resource, name)
        for attribute in _attributes(client)
        if isinstance(value := getattr(client, attribute), resource_class)
        for resource, name in _walk(value, resource_class, attribute)
    ]
    return sorted(set(found), key=str)


def _walk(resource: Any, resource_class: type, path: str) -> Iterator[tuple[str, str]]:
    for name in dir(type(resource)):
        if not name.startswith(("_", "with_")) and inspect.isfunction(inspect.getattr_static(type(resource), name)):
            yield path, name
    for attribute in _attributes(resource):
        value = getattr(resource, attribute)
        if isinstance(value, resource_class):
            yield from _walk(value, resource_class, f"{path}.{attribute}")


def _attributes(holder: Any) -> Iterator[str]:
    for name in dir(type(holder)):
        static = inspect.getattr_static(type(holder), name)
        if not name.startswith(("_", "with_")) and type(static).__name__ in {"cached_property", "property"}:
            yield name


def family_outside(method: Method) -> str | None:
    """The family of ``OUTSIDE`` that a method is of, or None for a family that is served."""
    path = f"{method.resource}."
    return next((family for family in OUTSIDE[method.sdk] if path.startswith(f"{family}.")), None)
