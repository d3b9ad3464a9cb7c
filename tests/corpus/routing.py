"""Where a recorded exchange goes: the gateway's path for it, and the path that the provider must then see.

Written from the published APIs, not from the gateway's own table, so that the one checks the other. Providers that
speak a dialect under another base path are mapped by their suffix. What has no place here is counted, never dropped.
"""

import re
from dataclasses import dataclass

from tests.support.corpus import Recorded

# Operations that other providers serve under base paths of their own (/api/v1, /openai/deployments/x, ...).
_OPENAI_SUFFIXES = re.compile(
    r".*?/(chat/completions|responses(?:/compact|/input_tokens)?|embeddings|audio/transcriptions|models)"
)
_OPENAI_PATHS = re.compile(
    r"/v1/(completions|responses/[^/]+(?:/cancel|/input_items)?|conversations(?:/.+)?|models/[^/]+|moderations"
    r"|images/(?:generations|edits|variations)|audio/(?:speech|translations)|files(?:/[^/]+(?:/content)?)?"
    r"|uploads(?:/.+)?|batches(?:/[^/]+(?:/cancel)?)?|assistants(?:/[^/]+)?|threads(?:/.+)?|videos(?:/.+)?"
    r"|fine_tuning/.+|vector_stores(?:/.+)?)"
)
_ANTHROPIC_PATHS = re.compile(r".*?/v1/(messages(?:/count_tokens|/batches(?:/.+)?)?|models(?:/.+)?|files(?:/.+)?)")
_GEMINI_VERBS = re.compile(
    r".*?/(v1|v1beta|v1alpha)1?/(?:.*/?publishers/google/)?models/([^/:]+)"
    r":(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)"
)
_GEMINI_PATHS = re.compile(r"/(?:upload/v1beta/files|v1beta/(?:models|cachedContents|files)(?:/[^/:]+)?)")

# A name that a provider gave: it holds a digit or is long. Version segments and operations are neither.
_IDENTIFIER = re.compile(r"(?!v\d+(?:alpha|beta)?\d*$)(?:[^/:]*\d[^/:]*|(?=[^/:]*[A-Z])[^/:]{21,})")

# Both dialects have these; only the headers of Anthropic's clients tell them apart without a prefix.
_SHARED = re.compile(r"/v1/(models|files)")


@dataclass(frozen=True)
class Place:
    """One exchange's way: ``path`` as the dialect writes it, behind the prefix at the gateway."""

    dialect: str
    prefix: str
    path: str
    operation: str

    @property
    def upstream(self) -> str:
        """The provider's path behind the base URL, which for OpenAI ends in /v1 already."""
        return self.path.removeprefix("/v1") if self.dialect == "openai" else self.path


def place(exchange: Recorded) -> Place | None:
    """The way of an exchange; None where its operation is not the gateway's."""
    path, dice = exchange.path_alone, exchange.dice("prefix")
    if exchange.protocol == "gemini":
        return _gemini(exchange.method, path)
    if exchange.protocol == "anthropic":
        found = _ANTHROPIC_PATHS.fullmatch(path)
        if found is None:
            return None
        ours = "/v1/" + found[1]
        told = {"anthropic-version", "anthropic-beta"} & exchange.request_headers.keys()
        prefixes = ["/anthropic"] if _SHARED.match(ours) and not told else ["", "/anthropic"]
        if ours == "/v1/messages":
            prefixes.append("/v1")
        return Place("anthropic", dice.choice(prefixes), ours, f"{exchange.method} {nameless(ours)}")
    found = _OPENAI_PATHS.fullmatch(path) or _OPENAI_SUFFIXES.fullmatch(path)
    # Ollama's /api/embeddings has another shape; without an id there is no list of responses in the published API.
    if found is None or exchange.endpoint.startswith("ollama") or (exchange.method, found[1]) == ("GET", "responses"):
        return None
    ours = "/v1/" + found[1]
    return Place("openai", dice.choice(["", "/openai"]), ours, f"{exchange.method} {nameless(ours)}")


def _gemini(method: str, path: str) -> Place | None:
    if found := _GEMINI_VERBS.fullmatch(path):
        version, model, verb = found.groups()
        return Place("gemini", "/gemini", f"/{version}/models/{model}:{verb}", f"{method} {version}/models/*:{verb}")
    if _GEMINI_PATHS.fullmatch(path):
        return Place("gemini", "/gemini", path, f"{method} {nameless(path)}")
    return None


def nameless(path: str) -> str:
    """A path with stars for the names of objects, models and projects, so that equal operations count together."""
    path = re.sub(r"(?<=/projects/)[^/]+|(?<=/locations/)[^/]+|(?<=/deployments/)[^/]+|(?<=/accounts/)[^/]+", "*", path)
    path = re.sub(r"(?<=/model/).+(?=/)|(?<=Stores/)[^/:]+", "*", path)
    path = re.sub(r"(?<=/models/).+?(?=:[a-z]+[A-Z]|:predict|$)", "*", path)
    return "/".join("*" if _IDENTIFIER.fullmatch(part) else part for part in path.split("/"))
