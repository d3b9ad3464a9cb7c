"""Why detection chose what it chose: short codes that never change their meaning, each with a sentence for people."""

from enum import Enum

import msgspec

from penstock.core.terseness import Intensity


class Reason(Enum):
    """What decided. The codes stand in headers, in the books and in the reference page."""

    OWN_RULE = "own-rule"
    SMALL_CAP = "small-cap"
    SMALL_MODEL = "small-model"
    UNKNOWN_MODEL = "unknown-model"
    BREVITY = "brevity-asked-already"
    STYLE = "style-asked"
    LENGTH = "length-asked"
    FORM = "form-asked"
    CREATIVE = "creative"
    TEXT_WORK = "text-work"
    HIGH_STAKES = "high-stakes"
    SENSITIVE = "sensitive"
    MATHS = "maths"
    CODE = "code"
    TOOLS = "tools"
    LOADED = "loaded-question"
    UNKNOWN_LANGUAGE = "unknown-language"
    QUESTION = "open-question"
    PLAIN = "plain"


class Class(Enum):
    """What a conversation is about, whatever decided: savings are compared within one class."""

    CREATIVE = "creative"
    TEXT_WORK = "text-work"
    HIGH_STAKES = "high-stakes"
    MATHS = "maths"
    CODE = "code"
    QUESTION = "question"
    OTHER = "other"


class Detected(msgspec.Struct, frozen=True, gc=False):
    """What detection says of a conversation."""

    intensity: Intensity
    reason: Reason
    klass: Class
    rule: str = ""
    """The operator's own rule that decided, by its name."""

    @property
    def code(self) -> str:
        """The reason as it is told. What a rule may be called fits in a header."""
        return f"{self.reason.value}:{self.rule}" if self.rule else self.reason.value


INTENSITIES = {
    Reason.SMALL_CAP: Intensity.OFF,
    Reason.SMALL_MODEL: Intensity.OFF,
    Reason.UNKNOWN_MODEL: Intensity.OFF,
    Reason.BREVITY: Intensity.OFF,
    Reason.STYLE: Intensity.OFF,
    Reason.LENGTH: Intensity.OFF,
    Reason.FORM: Intensity.OFF,
    Reason.CREATIVE: Intensity.OFF,
    Reason.TEXT_WORK: Intensity.OFF,
    Reason.HIGH_STAKES: Intensity.OFF,
    Reason.SENSITIVE: Intensity.LITE,
    Reason.MATHS: Intensity.LITE,
    Reason.CODE: Intensity.LITE,
    Reason.TOOLS: Intensity.LITE,
    Reason.LOADED: Intensity.LITE,
    Reason.UNKNOWN_LANGUAGE: Intensity.LITE,
    Reason.QUESTION: Intensity.FULL,
    Reason.PLAIN: Intensity.LITE,
}
"""What each reason leads to; an operator's own rule brings its own. Nothing here is ``ultra``."""

SENTENCES = {
    Reason.OWN_RULE: "A rule of the operator's own decided; its name stands behind: `own-rule:contracts`.",
    Reason.SMALL_CAP: "The request allows so few output tokens that nothing is left to save.",
    Reason.SMALL_MODEL: "Small models lose accuracy when they are told to be short, and often do not become shorter.",
    Reason.UNKNOWN_MODEL: "Nothing is known of this model, so nothing is known of what short answers do to it.",
    Reason.BREVITY: "The client, or the user, asks for short answers already.",
    Reason.STYLE: "The client's system text sets a voice, a length or a form, or the user gives the model a role.",
    Reason.LENGTH: "The user says how long or how thorough the answer is to be.",
    Reason.FORM: "The user says which form the answer is to have, and the form sets its length.",
    Reason.CREATIVE: "A poem, a story, a scene or a role is asked for: the text itself is the product.",
    Reason.TEXT_WORK: "A text is to be drafted, translated or rewritten: the text itself is the product.",
    Reason.HIGH_STAKES: "It is about health, law, money or safety, where a condition left out can do harm.",
    Reason.SENSITIVE: "It touches on health, law, money or safety: only filler is left out.",
    Reason.MATHS: "It is mathematics or has quantities to work out: the steps stay, only filler is left out.",
    Reason.CODE: "It is about code: the code stays complete, only filler is left out.",
    Reason.TOOLS: "Tools are declared, as agents do: their answers are short, and little can be saved.",
    Reason.LOADED: "The question may rest on a wrong premise, and to correct one takes words.",
    Reason.UNKNOWN_LANGUAGE: "The language is none of those that detection has words for.",
    Reason.QUESTION: "An open question or a request to explain, and no sign of anything else.",
    Reason.PLAIN: "No sign of anything: only filler is left out.",
}
