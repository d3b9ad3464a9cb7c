"""Content policies of the configuration, as the rooms that hold requests to them take them.

Called by the composition root alone, at the start and at every reload. It starts nothing and keeps nothing.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from penstock.config.content import (
    AnswerPatternSettings,
    AnswerSettings,
    AnswerTermSettings,
    ExceptionSettings,
    JudgeSettings,
    PatternSettings,
    PolicySettings,
    TermSettings,
)
from penstock.config.settings import Settings
from penstock.core.finding import Matter
from penstock.core.ruling import Action, Bound
from penstock.policies.guard import rules
from penstock.policies.guard.rules import ContentPolicy
from penstock.policies.judge import JudgeRule, Judging, forms
from penstock.policies.judge.forms import Judgement
from penstock.policies.judge.policy import Ask
from penstock.questions import Question, Questions
from penstock.routing.plan import Table

_CHATS = frozenset({"chat", "llama-guard"})
"""Judges that are models, and use tokens."""


def content_policies(settings: Settings) -> Sequence[ContentPolicy]:
    """The policies, in the order of the file."""
    return [_policy(name, row) for name, row in settings.policies.items()]


def judges(settings: Settings) -> Sequence[Judging]:
    """Who is asked, policy by policy."""
    return [
        Judging(
            policy=name,
            version=_version(row),
            bound=Bound(row.keys, row.teams),
            enforced=row.mode == "enforce",
            contact=row.contact,
            rule=_judge(judge),
            route_to=_route_to(row),
        )
        for name, row in settings.policies.items()
        for judge in row.judges
    ]


def asking(table: Table, questions: Questions) -> Ask:
    """Asks judges, at the addresses of the configuration and nowhere else."""

    async def ask(judging: Judging, text: str) -> Judgement | None:
        rule = judging.rule
        provider = table.providers[rule.provider]
        path, body = forms.asking(rule, provider.dialect, text)
        model = rule.model if rule.kind in _CHATS else ""
        asked = Question(path=path, body=body, model=model, asker=f"judge/{rule.name}")
        answer = await questions.ask(provider, asked)
        return forms.verdict(judging.rule, provider.dialect, answer.body) if answer.status == 200 else None

    return ask


def _judge(row: JudgeSettings) -> JudgeRule:
    return JudgeRule(
        name=row.name,
        kind=row.kind,
        provider=row.provider,
        model=row.model or "",
        question=row.question or "",
        path=row.path,
        categories=row.categories,
        where=_where(row.where),
        action=Action(row.action),
        seconds=row.seconds,
        unavailable=Action(row.unavailable),
        local=row.local,
        first=row.first,
    )


def _route_to(row: PolicySettings) -> tuple[str, str | None] | None:
    return None if row.route_to is None else (row.route_to.provider, row.route_to.model)


def _policy(name: str, row: PolicySettings) -> ContentPolicy:
    size, sent, tools, unseen = row.size, row.attachments, row.tools, row.invisible
    return ContentPolicy(
        name=name,
        version=_version(row),
        bound=Bound(row.keys, row.teams),
        enforced=row.mode == "enforce",
        contact=row.contact,
        mask=row.mask,
        route_to=_route_to(row),
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


def _version(row: PolicySettings) -> str:
    """The same in every process, and another after any change."""
    return hashlib.sha256(msgspec.json.encode(row)).hexdigest()[:12]


def _where(names: Sequence[str]) -> tuple[Matter, ...]:
    return tuple(matter for matter in Matter if not names or matter.value in names)
