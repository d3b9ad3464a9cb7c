"""The settings of terser answers, as ``settings`` has the others; ``own_rules`` has their rows of rules.

The text under each field is its reference documentation.
"""

from typing import Literal

import msgspec

from penstock.config.own_rules import OwnRuleSettings
from penstock.config.values import Holdout, IntensityName, Name, RuleText


class TeamTerserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a team wants of terser answers; its keys may say otherwise."""

    intensity: IntensityName | None = None
    """How tersely the team's conversations are answered. Unset: as the installation has it."""

    smart: bool | None = None
    """Let detection choose the intensity. Unset: as the installation has it."""

    holdout: Holdout | None = None
    """Percent of the eligible conversations that are left alone. Unset: as the installation has it."""

    verbosity: bool | None = None
    """Set OpenAI's `verbosity` low, too. Unset: as the installation has it."""


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is put into system prompts, where the shipped texts are not wanted."""

    lite: RuleText | None = None
    """In place of the shipped text for `lite`."""

    full: RuleText | None = None
    """In place of the shipped text for `full`."""

    ultra: RuleText | None = None
    """In place of the shipped text for `ultra`."""


class TerserSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Terser answers: a short text in the system prompt, decided once for each conversation, its effect measured."""

    intensity: IntensityName = "off"
    """How much is left out where neither the request, nor the key, nor its team says it. `lite`: no preamble and no
    recap; `full`: only what was asked; `ultra`: conclusions in fragments. A changed value counts from the next
    conversation on."""

    smart: bool = False
    """Let detection choose the intensity by how a conversation begins: code and delicate questions get less, texts to
    be written nothing. Never `ultra`."""

    holdout: Holdout = 10
    """Percent of the eligible conversations that are left exactly as they are, chosen by chance. What the others save
    is measured against them; with 0 nothing is measured, and nothing is claimed."""

    verbosity: bool = False
    """At `full` and `ultra` also set OpenAI's own `verbosity` (in Responses `text.verbosity`) to `low`, where the
    catalog says that the model has it and the client has not set it. Off, because a field is then added that the client
    did not open."""

    placement: Literal["auto", "first", "last"] = "auto"
    """Where the text stands beside the client's system text. `auto` is first, and last where the request marks
    anything for the provider's cache, so that what is cached stays the same."""

    rules: RuleSettings = RuleSettings()
    """Texts of your own in place of the shipped ones; every word of them is paid for in each request."""

    teams: dict[Name, TeamTerserSettings] = {}
    """What teams want, by their names."""

    when: tuple[OwnRuleSettings, ...] = ()
    """Rules of your own: a pattern, and how tersely a conversation is answered in which it is found."""
