"""Settings of scrubbing, as its policy takes them: for each key the rules that hold for it.

Called by the composition root. Detection is loaded with the first key that wants it.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from penstock.config.forms import read_terms
from penstock.config.mistakes import ConfigError, MisfitError, Mistake
from penstock.config.scrub import DetectorSettings, ScrubSettings
from penstock.config.settings import Settings
from penstock.core.caller import KeyProfile
from penstock.core.exchange import Answer
from penstock.core.finding import Detector, Found, Matter
from penstock.core.mask import LABEL_MOST
from penstock.core.scrubbed import Wish
from penstock.core.text import Reading, Sort, Text, spliced
from penstock.detection.kinds import KINDS
from penstock.policies.judge import forms
from penstock.policies.scrub import Back, KindRule, Rules, Treatment, services
from penstock.policies.scrub.known import Known
from penstock.policies.scrub.masking import looked_through
from penstock.policies.scrub.minting import Mint
from penstock.policies.scrub.rules import Service
from penstock.policies.scrub.services import Ask
from penstock.questions import Question, Questions
from penstock.routing.plan import Table

MOST_TOKENS = 4000
"""Of a model's answer that names what it sees."""

ATTACHED: Mapping[Sort, Treatment] = {
    Sort.IMAGE: Treatment.FLAG,
    Sort.AUDIO: Treatment.FLAG,
    Sort.PDF: Treatment.BLOCK,
    Sort.FILE: Treatment.BLOCK,
    Sort.ELSEWHERE: Treatment.FLAG,
    Sort.STATE: Treatment.ALLOW,
    Sort.UNKNOWN: Treatment.BLOCK,
}
"""What becomes of what is no text, where nothing else is set. Nothing that may hold a page of it passes in silence."""

# Sentences, code, JSON and logs: what is likely to be met, so that the automaton knows its way.
_SAMPLE = "".join(
    f"{one.found}; {one.missed}.\n{one.name} = '{one.label}'  # {number}\n"
    f'{{"{one.name}": "{one.label}-{number:04d}", "at": "2026-11-21T10:0{number % 10}:00Z"}}\n'
    for number, one in enumerate(KINDS)
)
# What follows the prefix of a gateway key: 32 random bytes in base64 (``stores.keys``).
_KEY_BODY = "[A-Za-z0-9_-]{43}"
_SECRETS = frozenset({"secret", "url-credentials"})


def rules_of(settings: Settings) -> Callable[[KeyProfile], Rules | None]:
    """What holds for a key; None where nothing is looked for. ConfigError for a file of terms that is gone."""
    given = settings.scrub
    terms = {name: (*row.terms, *_terms(name, row.file)) for name, row in given.terms.items()}

    @functools.lru_cache(maxsize=256)
    def rules(wanted: tuple[tuple[str, str], ...]) -> Rules:
        return _rules(settings, terms, dict(wanted))

    def of(key: KeyProfile) -> Rules | None:
        if not wanted(settings, key):
            return None
        team = _team(settings, key)
        return rules(tuple(sorted({**given.kinds, **dict(team.kinds), **dict(key.scrub.kinds)}.items())))

    return of


def wanted(settings: Settings, key: KeyProfile) -> bool:
    """Whether a key's requests are looked through."""
    wishes = key.scrub.wanted, _team(settings, key).wanted, settings.scrub.wanted
    return next(one for one in wishes if one is not None)


def _team(settings: Settings, key: KeyProfile) -> Wish:
    row = settings.scrub.teams.get(key.team or "")
    return Wish() if row is None else row.wish


def asking(table: Table, questions: Questions) -> Ask:
    """Asks services, at the addresses of the configuration and nowhere else."""

    async def ask(service: Service, text: str) -> Sequence[Found] | None:
        provider = table.providers[service.provider]
        if service.kind == "chat":
            wrapped = f"<text>\n{text}\n</text>"
            orders = services.orders(service)
            path, asked = forms.message(service.model, provider.dialect, wrapped, orders, MOST_TOKENS)
            body = msgspec.json.encode(asked)
            asked_as = Question(path=path, body=body, model=service.model, asker=f"detector/{service.name}")
            told = await questions.ask(provider, asked_as)
            return services.named(service, text, _said(told, provider.dialect)) if told.status == 200 else None
        path, body = services.question(service, text)
        answer = await questions.ask(provider, Question(path=path, body=body))
        return services.answer(service, text, answer.body) if answer.status == 200 else None

    return ask


def _said(answer: Answer, dialect: str) -> str:
    try:
        return forms.said(msgspec.json.decode(answer.body), dialect)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def prepare(settings: Settings, keys: Iterable[KeyProfile]) -> None:
    """Load what these keys' requests are looked through with: patterns, lists, and the automaton, which is built while
    texts are read. It takes most of a second, and then is there for all."""
    try:
        rules = rules_of(settings)
    except ConfigError:
        # A file of terms that has gone since: whoever reads the settings for the path says so.
        return
    found = {id(one.detector): one.detector for key in keys if (one := rules(key)) is not None}
    for detector in found.values():
        for matter in (Matter.USER, Matter.RESULT):
            detector.find(_SAMPLE, matter)


class Shown(msgspec.Struct, frozen=True):
    """One value that was found in a text, without the value."""

    line: int
    """From 1."""
    kind: str
    rule: str
    becomes: str
    """As ``Treatment`` spells it."""


class Preview(msgspec.Struct, frozen=True):
    """What would go out of a text, and why."""

    text: str
    found: tuple[Shown, ...]
    tokens: Mapping[str, str]
    """The kind of each token in the text."""
    refused: bool
    """A request with this text would be refused."""


def preview(rules: Rules, text: str, matter: Matter, tenant: str) -> Preview:
    """What would go out; the tokens are of this form, and not those of any installation."""
    found = tuple(_shown(rules, text, one) for one in rules.detector.find(text, matter))
    told = tuple(one for one in found if one.becomes != Treatment.ALLOW.value)
    masked = {name: _let_through(kind) for name, kind in rules.kinds.items()}
    piece = msgspec.json.encode(text)
    reading = Reading((Text(0, len(piece), text, matter),))
    seen = looked_through(piece, reading, Known(), msgspec.structs.replace(rules, kinds=masked), Mint(b"", tenant))
    out = msgspec.json.decode(spliced(piece, seen.splices), type=str)
    refused = any(one.becomes == Treatment.BLOCK.value for one in told)
    return Preview(out, told, {value.token: value.kind for value in seen.values}, refused)


def _let_through(kind: KindRule) -> KindRule:
    return KindRule(kind.label, Treatment.REDACT, kind.back) if kind.action is Treatment.BLOCK else kind


def _shown(rules: Rules, text: str, found: Found) -> Shown:
    kind = rules.kinds.get(found.kind)
    left = kind is None or text[found.start : found.end].casefold() in rules.never
    action = Treatment.ALLOW if left or kind is None else kind.action
    return Shown(text.count("\n", 0, found.start) + 1, found.kind, found.rule, action.value)


def _rules(settings: Settings, terms: Mapping[str, tuple[str, ...]], wanted: Mapping[str, str]) -> Rules:
    given = settings.scrub
    kinds = _kinds(given, wanted)
    looked_for = frozenset(name for name, kind in kinds.items() if kind.action is not Treatment.ALLOW)
    attached = {**ATTACHED, **{Sort(name): Treatment(action) for name, action in given.attached.items()}}
    detector = _detector(given, terms, looked_for, settings.key_prefix)
    never = frozenset(value.casefold() for value in given.never)
    asked = tuple(_service(row) for row in given.detectors)
    said = [detector.version, given.secrets, asked, sorted((name, kind.action.value) for name, kind in kinds.items())]
    told = msgspec.json.encode([*said, sorted((sort.value, action.value) for sort, action in attached.items())])
    version = hashlib.blake2b(told + msgspec.json.encode(sorted(never)), digest_size=6).hexdigest()
    unreadable = Treatment(given.unreadable)
    return Rules(
        version=version,
        detector=detector,
        kinds=kinds,
        attached=attached,
        never=never,
        unreadable=unreadable,
        services=asked,
    )


def _service(row: DetectorSettings) -> Service:
    usual = services.PRESIDIO if row.kind == "presidio" else {name: name for name in ("person", "address")}
    return Service(
        name=row.name,
        kind=row.kind,
        provider=row.provider,
        path=row.path or "",
        model=row.model or "",
        kinds=row.kinds or usual,
        language=row.language,
        score=row.score,
        seconds=row.seconds,
        unavailable=Treatment(row.unavailable),
    )


def _kinds(given: ScrubSettings, wanted: Mapping[str, str]) -> dict[str, KindRule]:
    kinds = {kind.name: (kind.label, "mask" if kind.default else "allow") for kind in KINDS}
    own = {name: row.action for name, row in given.terms.items()}
    own |= {name: row.action for name, row in given.patterns.items()}
    kinds |= {name: (name.replace("-", "").upper()[:LABEL_MOST], action) for name, action in own.items()}
    back = Back(given.secrets)
    return {
        name: KindRule(label, Treatment(wanted.get(name, action)), back if name in _SECRETS else Back.ALWAYS)
        for name, (label, action) in kinds.items()
    }


def _detector(
    given: ScrubSettings, terms: Mapping[str, tuple[str, ...]], looked_for: frozenset[str], key_prefix: str
) -> Detector:
    # Loaded with the first key that wants it: patterns, lists and numbering plans take megabytes.
    from penstock.detection.engine import OwnPattern, engine  # noqa: PLC0415
    from penstock.detection.terms import TermList  # noqa: PLC0415

    lists = [
        TermList(name, terms[name], ignore_case=row.case == "any")
        for name, row in given.terms.items()
        if name in looked_for
    ]
    patterns = [OwnPattern(name, row.match) for name, row in given.patterns.items() if name in looked_for]
    if "secret" in looked_for and key_prefix:
        patterns.append(OwnPattern("secret", re.escape(key_prefix) + _KEY_BODY))
    return engine(looked_for & {kind.name for kind in KINDS}, tuple(lists), tuple(patterns))


def _terms(name: str, file: str | None) -> tuple[str, ...]:
    if file is None:
        return ()
    try:
        return read_terms(Path(file))
    except MisfitError as misfit:
        where = f"scrub.terms.{name}.file"
        raise ConfigError([Mistake(file, 0, 0, where, misfit.what, misfit.suggestion)]) from None
