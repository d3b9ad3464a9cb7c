"""Phrases with which a text tries to give a model other orders: six families, each narrow, each a pattern of RE2.

Written for what tools and documents bring, not for what people say to a model. They find blunt attempts in English and
nothing else: an attack in other words, in another language or in a picture passes. Whoever adds a family measures it on
benign texts first (``tests/unit/policies/guard/test_phrases.py``).
"""

import functools
from collections.abc import Mapping

from penstock.core.pattern import Pattern, compiled
from penstock.detection.normalising import view_of
from penstock.policies.guard.folding import folded

_ORDERS = "(?:instructions?|prompts?|directions?|directives?|guidelines?|commands?|orders?|rules?|programming|training)"
_EARLIER = (
    "(?:previous|prior|above|earlier|preceding|foregoing|former|existing|initial|original|system|your|other|past|"
    "(?:you were|you have been|i|we) (?:given|told|gave))"
)
_MODES = "(?:developer|dan|jailbreak|jailbroken|god|unrestricted|unfiltered|uncensored|admin|sudo|root|opposite|evil)"
_HIDDEN = "(?:system|initial|hidden|secret|original|internal|confidential|developer|pre-?)"
_READER = "(?:ai|assistants?|(?:language|ai) (?:models?|agents?)|llms?|chatbots?|claude|chatgpt|gpt|gemini|copilot)"

FAMILIES: Mapping[str, str] = {
    # Orders to leave orders: the verb and what is to be left stand close together, and it is those given before.
    "override": (
        r"\b(?:ignore|disregard|forget|override|bypass|neglect|discard|"
        r"(?:do not|don't|stop|never) (?:follow|obey)(?:ing)?)"
        rf" (?:(?:all|any|the|my|of|every|everything|these|those|about|in|and|or|{_EARLIER}) ){{0,5}}{_EARLIER}"
        rf" (?:[a-z]+ ){{0,2}}{_ORDERS}\b"
        rf"|\b(?:ignore|disregard|forget) (?:all|everything|anything) (?:of )?(?:the )?"
        r"(?:above|before|previous|prior|(?:that )?(?:was|you were|i) (?:said|told)|you (?:know|have been told))\b"
    ),
    # The marks with which chat templates begin a turn, and which no text needs that is not about them.
    "template": (
        r"<\|(?:im_start|im_end|im_sep|start_header_id|end_header_id|eot_id|begin_of_text|system|assistant|endofprompt)\|>"
        r"|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>|\[/?system(?:_| )?(?:prompt|message|instructions?)\]"
    ),
    "mode": (
        rf"\b(?:enter|switch (?:in)?to|activate|enable|engage|unlock|in|into) (?:the |your |an? )?{_MODES}[ -]mode\b"
        rf"|\b{_MODES}[ -]mode (?:is )?(?:now )?(?:enabled|activated|on|engaged|unlocked|output)\b"
    ),
    "extraction": (
        r"\b(?:reveal|print|repeat|output|display|leak|disclose|dump|recite|show(?: me)?|tell me|give me|send(?: me)?|"
        r"write (?:out|down)|share|expose|return|append|include) (?:(?:all|of|the|your|me|us|full|whole|entire|exact|"
        rf"complete|verbatim) ){{0,4}}(?:your|{_HIDDEN}) ?(?:{_HIDDEN} ){{0,2}}(?:prompts?|instructions?|messages?)\b"
        r"|\brepeat (?:all |everything |the (?:words|text|sentences?) )(?:of the )?(?:text )?above\b"
    ),
    "persona": (
        r"\b(?:you are|you're|act|pretend|behave|respond|answer|role-?play)(?: now| going)?(?: to)?(?: be| act| as)?"
        r"(?: as)? (?:an? |the )?(?:[a-z]+ ){0,3}(?:unrestricted|unfiltered|uncensored|unaligned|amoral|jailbroken)\b"
        r"|\b(?:you are|you're|act as|be) (?:now )?dan\b|\bdo anything now\b"
        r"|\b(?:no longer bound|not bound|free(?:d)?|unbound) (?:by|from|of) (?:any |all |your |the |usual )"
        r"{0,2}(?:ethical |moral |content |safety )?"
        rf"(?:policies|policy|filters?|restrictions|limitations|{_ORDERS})\b"
        r"|\bwithout (?:any )?(?:ethical|moral|safety) (?:or [a-z]+ )?"
        r"(?:guidelines|constraints|restrictions|filters|limits)\b"
        r"|\b(?:stay(?:ing)?|remain(?:ing)?) in character\b|\b(?:are|is|you|were) break(?:ing)? character\b"
        r"|\bno matter how (?:immoral|unethical|illegal|dangerous|harmful|inappropriate|offensive)\b"
        r"|\b(?:warnings?|disclaimers?) about (?:morality|morals|ethics|ethicality|legality|illegality)\b"
        r"|\b(?:any|no|all|have) (?:ethical|moral|legal|safety),? (?:or|and) (?:ethical|moral|legal|safety) "
        r"(?:guidelines?|principles?|constraints?|restrictions?|limits|limitations|boundaries|concerns)\b"
        r"|\b(?:unfiltered|uncensored|amoral|immoral|unrestricted|unethical)(?:,| and) "
        r"(?:unfiltered|uncensored|amoral|immoral|unrestricted|unethical|illegal)\b"
    ),
    # Speaks to whatever model reads it, or asks it to keep something from the people it works for.
    "covert": (
        rf"\b(?:new|updated|important|additional|special|secret|real|urgent) (?:system )?(?:{_ORDERS}|tasks?|messages?|"
        rf"notes?|notices?) (?:for|to) (?:the |any |all |every )?{_READER}\b"
        rf"|\b(?:attention|note to|message to|hey|dear),? (?:the |any |all |every )?{_READER}(?: (?:reading|processing|"
        r"summari[sz]ing|that (?:reads?|process(?:es)?)))\b"
        r"|\b(?:do not|don't|never|without) (?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|alert(?:ing)?|"
        r"notify(?:ing)?|reveal(?:ing)?|let(?:ting)?)(?: any of)?(?: this| it| that)?(?: to)? the (?:users?|humans?)\b"
    ),
}
"""By name; each is met in a folded text: lower case, one space for many."""


@functools.lru_cache(maxsize=1)
def _families() -> tuple[Pattern, ...]:
    return tuple(map(compiled, FAMILIES.values()))


def commanding(text: str) -> int:
    """How many families stand in the text."""
    seen = view_of(text)
    view = folded(text if seen is None else seen.text)
    return sum(pattern.search(view) is not None for pattern in _families())
