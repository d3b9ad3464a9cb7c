"""What Gemini's requests are made of: contents, parts, tools, and where words stand in each.

Names stand in both spellings of proto JSON, and a list of one may be written without its brackets. A part says by its
members what it is, so a member that is not here is looked into leaf by leaf. Types of google-genai 3.4. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from penstock.core.finding import Matter
from penstock.core.text import Sort
from penstock.core.tree import JsonForm, Node
from penstock.dialects import walked
from penstock.dialects.schemas import schema
from penstock.dialects.walked import Shape, Walk, leaves, listed, names, nothing, sort_of, under, unknown, values, words

T = TypeVar("T")

_MATTERS = {"model": Matter.ASSISTANT, "function": Matter.RESULT, "tool": Matter.RESULT}
_DOCUMENT, _DEFINITION, _IDENTIFIER = under(Matter.DOCUMENT), under(Matter.DEFINITION), under(Matter.IDENTIFIER)
_CREDENTIAL = under(Matter.CREDENTIAL)
_INPUT, _RESULT = under(Matter.INPUT, leaves), under(Matter.RESULT, leaves)


def both(table: Mapping[str, T]) -> dict[str, T]:
    """A table by both spellings of its names."""
    return {**{_snake(name): one for name, one in table.items()}, **table}


def both_names(spaced: str) -> frozenset[str]:
    """Names in both spellings."""
    return frozenset(both(dict.fromkeys(names(spaced))))


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def members(known: Mapping[str, Shape], plain: str = "") -> Shape:
    """An object of these members, in both spellings."""
    return walked.members(both(known), both_names(plain))


def content(walk: Walk, node: Node, matter: Matter) -> None:
    """A turn; its role says whose words they are. A string, or parts alone, are the user's."""
    del matter
    matter = _MATTERS.get(walk.word(node, "role"), Matter.USER)
    (_content if walk.values(node, "parts") or walk.values(node, "role") else part)(walk, node, matter)


def part(walk: Walk, node: Node, matter: Matter) -> None:
    """A part. Whatever is signed goes with its signature; a thought that is signed stays as it is."""
    signed = any(one.end - one.start > len('""') for one in _under(walk, node, "thoughtSignature"))
    walk.sealed |= signed
    thought = any(walk.piece.startswith(b"t", one.start) for one in walk.values(node, "thought"))
    matter = Matter.ASSISTANT if thought else matter
    if any(walk.values(node, name) for name in _ATTACHED):
        _shape(node, nothing if thought and signed else words)(walk, node, matter)
    else:
        (_kept if thought and signed else _said)(walk, node, matter)


def _shape(whole: Node | None, text: Shape) -> Shape:
    """Of a part that is ``whole``, where what it attaches is to be found."""
    held = {} if whole is None else {"inlineData": _held(whole), "fileData": _elsewhere(whole)}
    return members(
        {**_PART, **held, "text": text}, "thought thoughtSignature videoMetadata mediaResolution mediaProcessing"
    )


def _under(walk: Walk, node: Node, name: str) -> Iterable[Node]:
    return (one for spelt in both({name: None}) for one in walk.values(node, spelt))


def _held(whole: Node) -> Shape:
    def walked_(walk: Walk, node: Node, matter: Matter) -> None:
        def data(walk: Walk, one: Node, matter: Matter) -> None:
            if one.form is JsonForm.STRING:
                mimes = [walk.name(mime) for mime in _under(walk, node, "mimeType") if mime.form is JsonForm.STRING]
                walk.attach(sort_of(mimes[0] if len(mimes) == 1 else ""), whole, one)
            else:
                unknown(walk, one, matter)

        members({"data": data, "displayName": _DOCUMENT}, "mimeType")(walk, node, matter)

    return walked_


def _elsewhere(whole: Node) -> Shape:
    def walked_(walk: Walk, node: Node, matter: Matter) -> None:
        walk.attach(Sort.ELSEWHERE, whole)
        members({"displayName": _DOCUMENT}, "mimeType fileUri")(walk, node, matter)

    return walked_


_content = members({"parts": listed(part)}, "role")
_PART: dict[str, Shape] = {
    "functionCall": members({"args": _INPUT, "partialArgs": _INPUT}, "id name willContinue"),
    "functionResponse": members(
        {"response": _RESULT, "parts": under(Matter.RESULT, listed(part))}, "id name scheduling willContinue"
    ),
    "executableCode": members({"code": under(Matter.INPUT)}, "id language"),
    "codeExecutionResult": members({"output": under(Matter.RESULT)}, "id outcome"),
    "toolCall": members({"args": _INPUT}, "id toolType"),
    "toolResponse": members({"response": _RESULT}, "id toolType"),
    "partMetadata": under(Matter.OTHER, leaves),
    **dict.fromkeys(("audioTranscription", "speechMetadata", "documentMetadata"), under(Matter.DOCUMENT, leaves)),
    **dict.fromkeys(("spreadsheetMetadata", "audioMetadata"), under(Matter.DOCUMENT, leaves)),
}

_ATTACHED = both_names("inlineData fileData")
# Made once: there is a part for nearly every text.
_said, _kept = _shape(None, words), _shape(None, nothing)

system: Shape = under(Matter.SYSTEM, part)
"""A part of the system instruction, or a string in its place."""
embedded: Shape = under(
    Matter.DOCUMENT, lambda walk, node, matter: (_content if node.names else words)(walk, node, matter)
)
"""A content whose meaning is asked for."""
declaration: Shape = members(
    {
        "description": _DEFINITION,
        **dict.fromkeys(("parameters", "parametersJsonSchema", "response", "responseJsonSchema"), schema),
    },
    "name behavior",
)
"""A function."""
mcp_server: Shape = members(
    {
        "streamableHttpTransport": members(
            {"url": _CREDENTIAL, "headers": values(_CREDENTIAL)}, "sseReadTimeout terminateOnClose timeout"
        )
    },
    "name",
)
search: Shape = members(
    {
        "excludeDomains": listed(_DEFINITION),
        "metadataFilter": under(Matter.INPUT),
        # Keys for searches of others.
        **dict.fromkeys(("authConfig", "apiKey", "customConfigs"), under(Matter.CREDENTIAL, leaves)),
        "fileSearchStoreNames": lambda walk, node, _: walk.attach(Sort.ELSEWHERE, node),
    },
    "searchTypes blockingConfidence timeRangeFilter topK dynamicRetrievalConfig enableWidget groundingTypes "
    "enableDataRetention enableZeroDataRetention",
)
"""Google's own searches and those of others, and what of them is left out."""
_voice = members(
    # A sample of somebody's voice.
    {"replicatedVoiceConfig": lambda walk, node, _: walk.attach(Sort.AUDIO, node)},
    "prebuiltVoiceConfig voice",
)
_speaker = members({"speaker": _IDENTIFIER, "voiceConfig": _voice})
_speech = members(
    {"voiceConfig": _voice, "multiSpeakerVoiceConfig": members({"speakerVoiceConfigs": listed(_speaker)})},
    "languageCode",
)
generation: Shape = members(
    {
        "stopSequences": listed(words),
        "responseSchema": schema,
        "responseJsonSchema": schema,
        "_responseJsonSchema": schema,
        "responseFormat": under(Matter.DEFINITION, leaves),
        "speechConfig": _speech,
        # Phrases and words that are to be expected.
        "audioTranscriptionConfig": under(Matter.OTHER, leaves),
    },
    "modelSelectionConfig audioTimestamp candidateCount enableAffectiveDialog frequencyPenalty logprobs "
    "maxOutputTokens mediaResolution presencePenalty responseLogprobs responseMimeType responseModalities "
    "routingConfig seed temperature thinkingConfig topK topP enableEnhancedCivicAnswers translationConfig "
    "imageConfig",
)
tool_config: Shape = members(
    {"retrievalConfig": members({"latLng": under(Matter.IDENTIFIER, leaves)}, "languageCode")},
    "functionCallingConfig includeServerSideToolInvocations",
)
labels: Shape = values(under(Matter.OTHER, leaves))


def state(walk: Walk, node: Node, matter: Matter) -> None:
    """The name of what the provider holds."""
    del matter
    walk.attach(Sort.STATE, node)
