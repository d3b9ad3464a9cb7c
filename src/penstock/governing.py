"""Content policies of the configuration, as the rooms that hold requests to them take them.

Called by the composition root alone, at the start and at every reload. It starts nothing and keeps nothing.
"""

from collections.abc import Sequence

from penstock.config.content import (
    AnswerPatternSettings,
    AnswerSettings,
    AnswerTermSettings,
    ExceptionSettings,
    PatternSettings,
    PolicySettings,
    TermSettings,
)
from penstock.config.settings import Settings
from penstock.core.finding import Matter
from penstock.core.ruling import Action, Bound
from penstock.policies.guard import rules
from penstock.policies.guard.rules import ContentPolicy


def content_policies(settings: Settings) -> Sequence[ContentPolicy]:
    """The policies, in the order of the file."""
    return [_policy(name, row) for name, row in settings.policies.items()]


def _policy(name: str, row: PolicySettings) -> ContentPolicy:
    size, sent, tools, unseen = row.size, row.attachments, row.tools, row.invisible
    return ContentPolicy(
        name=name,
        bound=Bound(row.keys, row.teams),
        enforced=row.mode == "enforce",
        contact=row.contact,
        mask=row.mask,
        route_to=None if row.route_to is None else (row.route_to.provider, row.route_to.model),
        unreadable=Action(row.unreadable),
        models=None if row.models is None else rules.Named(row.models.allow, Action(row.models.action)),
        operations=None if row.operations is None else rules.Named(row.operations.allow, Action(row.operations.action)),
        size=None if size is None else rules.Size(size.body, size.messages, Action(size.action)),
        attachments=None if sent is None else rules.Attachments(sent.allow, sent.most, sent.size, Action(sent.action)),
        tools=None if tools is None else rules.Tools(tools.allow, tools.deny, Action(tools.action)),
        mcp=None if row.mcp is None else rules.Named(row.mcp.allow, Action(row.mcp.action)),
        terms=tuple(_terms(one, _where(one.where)) for one in row.terms),
        patterns=tuple(_pattern(one, _where(one.where)) for one in row.patterns),
        unseen=None if unseen is None else rules.Unseen(_where(unseen.where), Action(unseen.action)),
        injection=Action.ALLOW if row.injection is None else Action(row.injection.action),
        canary=Action.ALLOW if row.canary is None else Action(row.canary.action),
        answers=rules.Answers() if row.answers is None else _answers(row.answers),
    )


def _answers(row: AnswerSettings) -> rules.Answers:
    links = row.links
    return rules.Answers(
        tuple(_terms(one, rules.EVERYWHERE) for one in row.terms),
        tuple(_pattern(one, rules.EVERYWHERE) for one in row.patterns),
        None if links is None else rules.Links(links.allow, Action(links.images), Action(links.links)),
    )


def _terms(row: TermSettings | AnswerTermSettings, where: tuple[Matter, ...]) -> rules.TermList:
    return rules.TermList(row.name, row.terms, tuple(map(_spared, row.exceptions)), where, Action(row.action))


def _spared(row: ExceptionSettings) -> rules.Spared:
    return rules.Spared(row.terms, Bound(row.keys, row.teams))


def _pattern(row: PatternSettings | AnswerPatternSettings, where: tuple[Matter, ...]) -> rules.Expression:
    return rules.Expression(row.name, row.match, where, Action(row.action))


def _where(names: Sequence[str]) -> tuple[Matter, ...]:
    return tuple(matter for matter in Matter if not names or matter.value in names)
