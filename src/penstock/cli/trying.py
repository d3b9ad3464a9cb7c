"""``penstock try``: what would terser answers change about a prompt, and, if asked for, what would they save on it?

Shows what detection decides and the exact bytes that would be put in; sends nothing unless ``--live`` says so.
"""

import asyncio
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict, Unpack

import click

from penstock.cli.configuration import config_option, load_settings, saying_mistakes
from penstock.cli.exits import PROBLEM, MistakeError
from penstock.cli.printing import Table, columns, json_option, legible, print_json, print_table, without
from penstock.cli.whose import key_option, told, whose

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.explanation import Explanation
    from penstock.policies.compress.reasons import Detected
    from penstock.trial import Answered, Question

_BEFORE, _AFTER = 60, 40
_DOLLAR = 1_000_000
_THINKING = "#for thinking"
_LOW = b'{"verbosity":"low",'
"""How a request begins then; no question that is tried begins so by itself."""


By = Literal["asked", "set", "detected"]
_WHY: dict[By, str] = {
    "asked": "as asked for here",
    "set": "as it is set",
    "detected": "as detection would have it (nothing is set)",
}
"""Who says how terse."""


class Found(NamedTuple):
    """What detection makes of the question, the request as it would be sent, and who says so."""

    detected: "Detected"
    chosen: "Explanation"
    by: By


class Given(TypedDict):
    """What the options say of the question."""

    model: str | None
    dialect: str
    system: str | None
    intensity: str | None
    key: str | None


@click.command("try", short_help="Try terser answers on a prompt.")
@config_option
@click.argument("prompt")
@click.option("--model", help="The model to ask; without it a cheap one of the provider's maker.")
@click.option("--dialect", type=click.Choice(["anthropic", "openai", "gemini"]), default="anthropic", show_default=True)
@click.option("--system", help="A system text, as a client would send one.")
@click.option("--intensity", type=click.Choice(["lite", "full", "ultra"]), help="Without it: what is set, or detected.")
@key_option
@click.option("--live", is_flag=True, help="Ask the provider twice, with and without the words. That costs two calls.")
@click.option("--demo", is_flag=True, help="As under serve --demo: the simulator answers where there is no credential.")
@json_option
def try_prompt(
    config: Path | None, prompt: str, *, live: bool, demo: bool, as_json: bool, **given: Unpack[Given]
) -> None:
    """Show what detection makes of PROMPT, and the exact bytes that would be put into its request.

    Nothing is sent without --live. What is set counts, with --key for that key; where nothing is, what was detected.

    \b
    Examples:
      penstock try "How do rainbows form?"
      penstock try "Write a poem about rain" --dialect openai
      penstock try "How do rainbows form?" --intensity ultra --live
    """
    from penstock import trial  # noqa: PLC0415 - keeps --help instant
    from penstock.core.fault import FaultError, FaultKind  # noqa: PLC0415

    dialect = given["dialect"]
    asked = trial.question(dialect, given["model"] or trial.MODELS[dialect], prompt, given["system"])
    settings = load_settings(config)
    try:
        with saying_mistakes():
            # What would be sent does not hang on a credential: where there is none, the simulator stands in.
            found = _explained(settings, asked, given, demo=demo or not live)
            compared = live and found.chosen.body != asked.body
            both = _both(settings, asked, found.chosen.body, demo=demo) if compared else None
    except FaultError as error:
        if error.fault.kind is FaultKind.CREDENTIAL_MISSING:
            words = (
                "No credential is configured for this model's provider. Set one: `penstock providers credential set "
            )
            raise MistakeError(f"{words}NAME`; or let the simulator answer: --demo.") from None
        if error.fault.kind is FaultKind.MISROUTED:
            raise MistakeError(f"{error.fault.words} Or try another --dialect or --model.") from None
        raise click.ClickException(f"{error.fault.status}: {error.fault.words}") from None
    if as_json:
        print_json(_described(found, both))
    else:
        _print(asked, found)
    if both is not None:
        _compare(*both, as_json=as_json)
    elif live:
        click.echo("Both requests would be the same, so nobody was asked. Try --intensity full.", err=True)


def _explained(settings: "Settings", asked: "Question", given: Given, *, demo: bool) -> Found:
    """The request with the words that were asked for, are set (in a rule of the operator's own, too), or suit it."""
    from penstock.core.head import RequestHead  # noqa: PLC0415
    from penstock.core.terseness import Intensity  # noqa: PLC0415
    from penstock.order import detected, explain_request  # noqa: PLC0415 - keeps --help instant
    from penstock.policies.compress.deciding import SUSPENDED  # noqa: PLC0415

    head, intensity, asking = asked.head, given["intensity"], whose(settings, given["key"])
    explained = functools.partial(
        explain_request, settings, body=asked.body, demo=demo, key=asking.key, suspended=asking.suspended
    )
    as_set = explained(head=head)
    found = detected(head, asked.body)
    terseness = as_set.terseness
    decided = terseness is not None and (terseness.intensity is not Intensity.OFF or terseness.reason == SUSPENDED)
    if intensity is None and (decided or as_set.own_rules):
        return Found(found, as_set, "set")
    wanted = found.intensity if intensity is None else Intensity(intensity)
    by: By = "detected" if intensity is None else "asked"
    if wanted is Intensity.OFF:
        return Found(found, as_set, by)
    wish = f"{settings.header_prefixes[0]}Intensity".lower().encode(), wanted.value.encode()
    forced = RequestHead(head.method, head.target, (*head.headers, wish))
    return Found(found, explained(head=forced), by)


def _both(settings: "Settings", asked: "Question", terser: bytes, *, demo: bool) -> "tuple[Answered, Answered]":
    from rich.console import Console  # noqa: PLC0415 - keeps --help instant

    from penstock.app import simulating  # noqa: PLC0415
    from penstock.trial import ask_both  # noqa: PLC0415

    async def ask() -> "tuple[Answered, Answered]":
        if not demo:
            return await ask_both(settings, asked, terser)
        async with simulating() as simulator:
            return await ask_both(settings, asked, terser, simulator)

    with Console(stderr=True).status("Waiting for two answers"):
        return asyncio.run(ask())


def _print(asked: "Question", found: Found) -> None:
    from penstock.policies.compress.deciding import SUSPENDED  # noqa: PLC0415 - keeps --help instant
    from penstock.policies.compress.reasons import SENTENCES  # noqa: PLC0415

    detected, terseness = found.detected, found.chosen.terseness
    click.echo(f"Detection: {detected.intensity.value} ({detected.reason.value}). {SENTENCES[detected.reason]}")
    if terseness is not None and found.chosen.own_rules:
        level = f": {terseness.intensity.value}" if terseness.reason != SUSPENDED else ""
        click.echo(f"Your rule {', '.join(found.chosen.own_rules)} decides before it{level}.")
    if found.chosen.suspended:
        click.echo(told(found.chosen.suspended))
    if terseness is None or not terseness.added:
        why = f": {terseness.reason}" if terseness is not None else ""
        click.echo(f"Nothing would be put in{why}.")
        return
    words = f"{terseness.ran.value}, {_WHY[found.by]}: {terseness.added} bytes ({terseness.rules})"
    low = ", `verbosity` set to `low` among them," if terseness.lowered else ""
    click.echo(f"{words}{low} would be put in here:\n")
    before, *changed, after = (
        legible(part.decode("utf-8", "replace")) for part in _change(asked.body, found.chosen.body)
    )
    start = "" if len(before) <= _BEFORE else "…"
    end = "" if len(after) <= _AFTER else "…"
    # What was put in, and, where that was at two places, what stands between them.
    shown = [part if place % 2 else click.style(part, fg="green", bold=True) for place, part in enumerate(changed)]
    click.echo(f"{start}{before[-_BEFORE:]}{''.join(shown)}{after[:_AFTER]}{end}")


def _change(body: bytes, changed: bytes) -> tuple[bytes, ...]:
    """What stands before the bytes that were put in, they themselves, and what stands after them; where they were put
    in at two places, five parts."""
    if changed.startswith(_LOW):
        before, *others = _change(body, b"{" + changed.removeprefix(_LOW))
        return b"{", _LOW[1:], before[1:], *others
    same = next((at for at, pair in enumerate(zip(body, changed, strict=False)) if pair[0] != pair[1]), len(body))
    # Of all places that make the same bytes the first: there whole members and items begin.
    put = len(changed) - len(body)
    while put > 0 < same and changed[same - 1] == changed[same + put - 1]:
        same -= 1
    rest = len(body) - same
    return changed[:same], changed[same : len(changed) - rest], changed[len(changed) - rest :]


def _compare(plain: "Answered", terser: "Answered", *, as_json: bool) -> None:
    """Side by side, in words unless they were told as JSON; exit code 1 where an answer is none."""
    if not as_json:
        _tell(("as it is", plain), ("terser", terser))
    if any(one.status != 200 for one in (plain, terser)):
        raise click.exceptions.Exit(PROBLEM)


def _tell(*answers: "tuple[str, Answered]") -> None:
    click.echo()
    rows = tuple(
        (name, str(one.status), f"{one.usage.total_input:,}", f"{one.usage.total_output:,}", f"{one.usage.reasoning:,}",
         _money(one.cost), f"{one.seconds:.1f} s")
        for name, one in answers
    )  # fmt: skip
    table = Table(columns("request", "#status", "#tokens in", "#tokens out", _THINKING, "#cost", "#took"), rows)
    thought = any(one.usage.reasoning for _, one in answers)
    print_table(table if thought else without(table, {_THINKING.lstrip("#")}))
    for name, one in answers:
        click.echo(f"\n{click.style(name.capitalize(), bold=True)}\n")
        for line in one.text.splitlines():
            click.echo(f"  {legible(line)}")
    click.echo("\nTwo answers are no measurement: `penstock savings` tells what was measured.", err=True)


def _money(cost: int | None) -> str:
    return "unpriced" if cost is None else f"${cost / _DOLLAR:.6f}"


def _described(found: Found, both: "tuple[Answered, Answered] | None") -> dict[str, object]:
    detected, terseness = found.detected, found.chosen.terseness
    described: dict[str, object] = {
        "detected": {"intensity": detected.intensity, "reason": detected.reason, "kind": detected.klass},
        "own_rule": next(iter(found.chosen.own_rules), None),
        "intensity": "off" if terseness is None else terseness.ran,
        "by": found.by,
        "reason": None if terseness is None else terseness.reason,
        "rules": None if terseness is None else terseness.rules,
        "added_bytes": 0 if terseness is None else terseness.added,
        "suspended": found.chosen.suspended,
        "body": found.chosen.body.decode("utf-8", "replace"),
    }
    if both is not None:
        described["answers"] = dict(zip(("plain", "terser"), both, strict=True))
    return described
