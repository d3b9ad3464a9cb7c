"""What the parameters of a request demand of the answer: a form, a tool, thinking, a length. Pure.

OpenAI's own parameters, and the ones that compatible servers take beside them for the same ends. Not among what
forbids our words: more answers than one (``n``), log probabilities, a predicted output, spoken answers. They change
how an answer is told, not what it must be made of.
"""

import msgspec

from penstock.core.terseness import Exemption
from penstock.dialects import counting
from penstock.dialects.counting import plainly, table, word
from penstock.dialects.openai.contents import ABSENT, known


class Demands(msgspec.Struct, gc=False):
    """The parameters of a Chat or a Responses request that are looked at; most are never sent."""

    max_completion_tokens: msgspec.Raw = ABSENT
    max_output_tokens: msgspec.Raw = ABSENT
    max_tokens: msgspec.Raw = ABSENT
    response_format: msgspec.Raw = ABSENT
    text: msgspec.Raw = ABSENT
    tools: msgspec.Raw = ABSENT
    functions: msgspec.Raw = ABSENT
    web_search_options: msgspec.Raw = ABSENT
    tool_choice: msgspec.Raw = ABSENT
    function_call: msgspec.Raw = ABSENT
    reasoning_effort: msgspec.Raw = ABSENT
    reasoning: msgspec.Raw = ABSENT
    # llama.cpp and vLLM: the answer must follow a grammar, a schema, a pattern, a list of choices.
    grammar: msgspec.Raw = ABSENT
    json_schema: msgspec.Raw = ABSENT
    guided_json: msgspec.Raw = ABSENT
    guided_regex: msgspec.Raw = ABSENT
    guided_choice: msgspec.Raw = ABSENT
    guided_grammar: msgspec.Raw = ABSENT
    structured_outputs: msgspec.Raw = ABSENT
    # DeepSeek, Z.ai, Moonshot; Qwen.
    thinking: msgspec.Raw = ABSENT
    enable_thinking: msgspec.Raw = ABSENT

    def cap(self) -> int | None:
        """The most output tokens that the client allows; what is no count says nothing."""
        caps = (known(one) for one in (self.max_completion_tokens, self.max_output_tokens, self.max_tokens))
        return next((one for one in caps if isinstance(one, int) and counting.known(one)), None)

    def thought(self) -> bool:
        """The client asks for thinking, or sets an effort that is not "none"."""
        if word(known(self.reasoning_effort)) not in {"", "none"} or known(self.enable_thinking) is True:
            return True
        if word(table(known(self.thinking)).get("type")) not in {"", "disabled"}:
            return True
        reasoning = table(known(self.reasoning))
        if reasoning.get("effort") == "none" or reasoning.get("enabled") is False:
            return False
        return any(value is not None for value in reasoning.values())

    def exemption(self, *, prefill: bool) -> Exemption | None:
        """Why the form of the answer leaves no room for words of ours."""
        if self._structured():
            return Exemption.STRUCTURED_OUTPUT
        if self._forced():
            return Exemption.FORCED_TOOL
        return Exemption.PREFILL if prefill else None

    def _structured(self) -> bool:
        formats = (known(self.response_format), table(known(self.text)).get("format"))
        if any(word(table(one).get("type")) not in {"", "text"} for one in formats):
            return True
        grammars = (self.grammar, self.json_schema, self.guided_json, self.guided_regex, self.guided_choice)
        return any(known(one) for one in (*grammars, self.guided_grammar, self.structured_outputs))

    def _forced(self) -> bool:
        choice = known(self.tool_choice)
        if isinstance(choice, str):
            # "any" is Mistral's word for "required".
            return choice in {"required", "any"}
        chosen = table(choice)
        if chosen.get("type") == "allowed_tools":
            # Chat wraps what Responses says plainly.
            return (table(chosen.get("allowed_tools")) or chosen).get("mode") == "required"
        named = bool(chosen) and word(chosen.get("type")) not in {"auto", "none"}
        return named or bool(table(known(self.function_call)))


class _Function(msgspec.Struct, gc=False):
    name: str = ""


class _Tool(msgspec.Struct, gc=False):
    type: str = ""
    name: str = ""
    function: _Function | None = None
    custom: _Function | None = None
    tools: msgspec.Raw = ABSENT


_tools = msgspec.json.Decoder(list[_Tool]).decode


def tool_names(demands: Demands, *added: msgspec.Raw) -> tuple[str, ...]:
    """Names of all that is declared: functions by their own, also those in a name space, which holds no other; what
    the provider runs itself by its type."""
    declared = [tool for tools in (demands.tools, demands.functions, *added) for tool in _read(tools)]
    found = [_name(one) for tool in declared for one in (_read(tool.tools) if tool.type == "namespace" else [tool])]
    if isinstance(known(demands.web_search_options), dict):
        found.append("web_search")
    return tuple(found)


def _read(tools: msgspec.Raw) -> list[_Tool]:
    """None at all where one has a form that no provider takes."""
    return plainly(_tools, bytes(tools)) or [] if bytes(tools) else []


def _name(tool: _Tool) -> str:
    own = tool.function or tool.custom
    return (own.name if own else tool.name) or tool.type
