"""Where words stand in Gemini's requests: contents, counts, embeddings, what is cached. Pure."""

from penstock.core.finding import Matter
from penstock.core.head import RequestHead
from penstock.core.text import Line
from penstock.dialects.gemini.contents import (
    both,
    both_names,
    content,
    declaration,
    embedded,
    generation,
    labels,
    mcp_server,
    search,
    state,
    system,
    tool_config,
)
from penstock.dialects.placed import Inner, Place, Row, Split, Streamed, apart
from penstock.dialects.uploaded import Filed
from penstock.dialects.walked import leaves, names, under, words

_INSTRUCTION = Inner(Row({"parts": Place(Line.HEAD, "system", system, Split.ELEMENTS)}, names("role")))
_SEARCH = Place(Line.TOOLS, "search", search)
_TOOL = Row(
    both(
        {
            "functionDeclarations": Place(Line.TOOLS, "declaration", declaration, Split.ELEMENTS),
            "mcpServers": Place(Line.TOOLS, "mcp_server", mcp_server, Split.ELEMENTS),
            **dict.fromkeys(("googleSearch", "googleSearchRetrieval", "enterpriseWebSearch"), _SEARCH),
            **dict.fromkeys(("fileSearch", "googleMaps", "exaAiSearch", "parallelAiSearch"), _SEARCH),
            "retrieval": Place(Line.TOOLS, "retrieval", leaves),
        }
    ),
    both_names("codeExecution urlContext computerUse"),
)
_CONVERSATION: dict[str, Place | Inner] = {
    "systemInstruction": _INSTRUCTION,
    "tools": Inner(_TOOL),
    "contents": Place(Line.TURNS, "content", content, Split.ELEMENTS),
    "toolConfig": Place(Line.APART, "tool_config", tool_config),
}
_GENERATE = Row(
    both({**_CONVERSATION, **apart(generationConfig=generation, labels=labels, cachedContent=state)}),
    both_names("model safetySettings serviceTier store modelArmorConfig"),
)
_EMBED = Row(
    both({"content": Place(Line.APART, "embedded", embedded), **apart(title=words)}),
    both_names("model taskType outputDimensionality embedContentConfig"),
)
_CACHE = Row(
    both({**_CONVERSATION, **apart(displayName=words)}),
    both_names("name model ttl expireTime createTime updateTime usageMetadata kmsKeyName"),
)
_BYTES = Streamed("a file's bytes", Row(apart(file=under(Matter.DOCUMENT, leaves))))


def _announces(head: RequestHead) -> bool:
    """The start of a resumable upload describes the file; the pieces have the same type, whatever they hold."""
    commands = [value for name, value in head.headers if name == b"x-goog-upload-command"]
    return commands == [b"start"]


WALKING = Filed(
    {
        "models.generateContent": _GENERATE,
        "models.streamGenerateContent": _GENERATE,
        "models.countTokens": Row(
            {**_GENERATE.members, **both({"generateContentRequest": Inner(_GENERATE)})}, _GENERATE.plain
        ),
        "models.embedContent": _EMBED,
        "models.batchEmbedContents": Row({"requests": Inner(_EMBED, grouped=True)}),
        "caches.create": _CACHE,
        "caches.update": _CACHE,
        "files.upload": _BYTES,
        "files.upload_piece": _BYTES,
    },
    bodiless=names(
        "models.list models.retrieve caches.list caches.retrieve caches.delete files.list files.retrieve files.delete "
        "files.download"
    ),
    announces=_announces,
)
