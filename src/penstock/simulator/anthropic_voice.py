"""Spells an answer as an Anthropic message, whole or as a stream (wire contract 2.6, 2.7). Pure."""

import base64

import msgspec

from penstock.simulator.answer import REFUSAL_WORDS, Answer, Call, Finish, Piece, Search, Source, Speech, Thought
from penstock.simulator.cache_memory import CacheUse
from penstock.simulator.decoding import is_object
from penstock.simulator.identity import Identity
from penstock.simulator.tokens import chunks

_encode = msgspec.json.encode

_STOPS = {
    Finish.END: "end_turn", Finish.LENGTH: "max_tokens", Finish.STOP: "stop_sequence",
    Finish.TOOLS: "tool_use", Finish.REFUSAL: "refusal", Finish.PAUSE: "pause_turn",
}  # fmt: skip

PING = b'event: ping\ndata: {"type":"ping"}\n\n'


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the request decides about the spelling, beside the answer."""

    model: str
    identity: Identity
    input_tokens: int
    cache: CacheUse = CacheUse()
    shows_thinking: bool = True
    managed: bool = False
    """The request asked for context management, so the answer reports on it."""
    chunk: int = 1


def message(form: Form, answer: Answer) -> bytes:
    """The whole message."""
    content: list[object] = []
    for place, piece in enumerate(answer.pieces):
        content += _blocks(form, place, _readable(piece))
    whole = _envelope(form, content, answer.finish, answer)
    whole["usage"] = _usage(form, answer)
    if form.managed:
        whole["context_management"] = {"applied_edits": []}
    return _encode(whole)


def frames(form: Form, answer: Answer) -> list[bytes]:
    """The stream's frames."""
    start = _envelope(form, [], None, answer)
    start["usage"] = _start_usage(form, answer)
    made = [_event("message_start", {"type": "message_start", "message": start})]
    index = 0
    for place, piece in enumerate(answer.pieces):
        for block in _blocks(form, place, piece):
            made += _streamed(index, block, form.chunk)
            index += 1
    if index:
        made.insert(2, PING)
    return [*made, _event("message_delta", _delta(form, answer)), _event("message_stop", {"type": "message_stop"})]


def error_frame(kind: str, words: str, request_id: str) -> bytes:
    """The end of a stream that failed under way."""
    error = {"type": kind, "message": words}
    return _event("error", {"type": "error", "error": error, "request_id": request_id})


def _event(name: str, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(data))


def _envelope(form: Form, content: list[object], finish: Finish | None, answer: Answer) -> dict[str, object]:
    return {
        "id": form.identity.name("msg_01", "message"),
        "type": "message",
        "role": "assistant",
        "model": form.model,
        "content": content,
        "stop_reason": _STOPS[finish] if finish is not None else None,
        "stop_sequence": answer.stop if finish is not None else None,
        "stop_details": _stop_details(finish),
    }


def _stop_details(finish: Finish | None) -> object:
    if finish is not Finish.REFUSAL:
        return None
    return {"type": "refusal", "category": "general_harms", "explanation": REFUSAL_WORDS}


def _usage(form: Form, answer: Answer) -> dict[str, object]:
    usage = _start_usage(form, answer)
    usage["output_tokens"] = answer.output_tokens
    usage["output_tokens_details"] = {"thinking_tokens": answer.thinking_tokens}
    if answer.searches:
        usage["server_tool_use"] = {"web_search_requests": answer.searches, "web_fetch_requests": 0}
    return usage


def _start_usage(form: Form, answer: Answer) -> dict[str, object]:
    cache = form.cache
    written = cache.written_5m + cache.written_1h
    return {
        "input_tokens": form.input_tokens - cache.read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cache.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": cache.written_5m,
            "ephemeral_1h_input_tokens": cache.written_1h,
        },
        "output_tokens": min(1, answer.output_tokens),
        "service_tier": "standard",
        "inference_geo": "global",
    }


def _delta(form: Form, answer: Answer) -> dict[str, object]:
    usage = _usage(form, answer)
    for name in ("cache_creation", "service_tier", "inference_geo"):
        del usage[name]
    delta = {
        "stop_reason": _STOPS[answer.finish],
        "stop_sequence": answer.stop,
        "stop_details": _stop_details(answer.finish),
    }
    data: dict[str, object] = {"type": "message_delta", "delta": delta, "usage": usage}
    if form.managed:
        data["context_management"] = {"applied_edits": []}
    return data


# --- blocks -------------------------------------------------------------------------------------------------------


class _Block(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A content block; only the fields of its type are set."""

    type: str
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    tool_use_id: str | None = None
    name: str | None = None
    input: msgspec.Raw | None = None
    content: list[object] | None = None
    citations: list[object] | None = None
    text: str | None = None


def _blocks(form: Form, place: int, piece: Piece) -> list[_Block]:
    """A piece as the one block, or the two of a search, that it is made of."""
    identity = form.identity
    if isinstance(piece, Thought):
        signature = base64.b64encode(identity.signature(str(place))).decode()
        return [_Block(type="thinking", thinking=piece.text if form.shows_thinking else "", signature=signature)]
    if isinstance(piece, Speech):
        citations = [_citation(identity, piece.source)] if piece.source is not None else None
        return [_Block(type="text", text=piece.text, citations=citations)]
    if isinstance(piece, Call):
        name = identity.name("toolu_01", f"call{place}")
        return [_Block(type="tool_use", id=name, name=piece.name, input=msgspec.Raw(piece.arguments.encode()))]
    return _search_blocks(identity, place, piece)


def _readable(piece: Piece) -> Piece:
    """A call whose scripted arguments are no JSON object can be streamed, but a whole message has an object there."""
    if isinstance(piece, Call) and not is_object(piece.arguments):
        return msgspec.structs.replace(piece, arguments="{}")
    return piece


def _search_blocks(identity: Identity, place: int, search: Search) -> list[_Block]:
    name = identity.name("srvtoolu_01", f"search{place}")
    found: list[object] = [
        {
            "type": "web_search_result",
            "title": source.title,
            "url": source.url,
            "encrypted_content": base64.b64encode(identity.signature(source.url)).decode(),
            "page_age": None,
        }
        for source in search.found
    ]
    query = msgspec.Raw(_encode({"query": search.query}))
    return [
        _Block(type="server_tool_use", id=name, name="web_search", input=query),
        _Block(type="web_search_tool_result", tool_use_id=name, content=found),
    ]


def _citation(identity: Identity, source: Source) -> object:
    return {
        "type": "web_search_result_location",
        "url": source.url,
        "title": source.title,
        "encrypted_index": base64.b64encode(identity.signature("index" + source.url)).decode(),
        "cited_text": source.excerpt,
    }


def _streamed(index: int, block: _Block, chunk: int) -> list[bytes]:
    """A block's start, deltas and stop."""
    start, deltas = _opened(block, chunk)
    made = [_event("content_block_start", {"type": "content_block_start", "index": index, "content_block": start})]
    head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":' % index
    made += [b"%b%b}\n\n" % (head, delta) for delta in deltas]
    made.append(_event("content_block_stop", {"type": "content_block_stop", "index": index}))
    return made


def _opened(block: _Block, chunk: int) -> tuple[_Block, list[bytes]]:
    """The block as it stands in its start event, and the deltas that fill it."""
    replace = msgspec.structs.replace
    if block.type == "thinking":
        deltas = [_delta_of("thinking_delta", "thinking", part) for part in chunks(block.thinking or "", chunk)]
        deltas.append(_delta_of("signature_delta", "signature", block.signature or ""))
        return replace(block, thinking="", signature=""), deltas
    if block.type == "text":
        deltas = [_encode({"type": "citations_delta", "citation": one}) for one in block.citations or []]
        deltas += [_delta_of("text_delta", "text", part) for part in chunks(block.text or "", chunk)]
        return replace(block, text="", citations=[] if block.citations else None), deltas
    if block.type in {"tool_use", "server_tool_use"}:
        arguments = bytes(block.input or b"{}").decode()
        deltas = [_delta_of("input_json_delta", "partial_json", part) for part in ("", *chunks(arguments, 4 * chunk))]
        return replace(block, input=msgspec.Raw(b"{}")), deltas
    return block, []


def _delta_of(kind: str, field: str, text: str) -> bytes:
    return b'{"type":"%b","%b":%b}' % (kind.encode(), field.encode(), _encode(text))
