"""``penstock try``: what would terser answers change about a prompt, and, if asked for, what would they save on it?

Shows what detection decides and the exact bytes that would be put in; sends nothing unless ``--live`` says so.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from penstock.cli.configuration import config_option, load_settings, saying_mistakes
from penstock.cli.printing import Table, columns, json_option, legible, print_json, print_table
from penstock.cli.whose import key_option, profile

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.explanation import Explanation
    from penstock.policies.compress.reasons import Detected
    from penstock.trial import Answered, Question

_BEFORE, _AFTER = 60, 40
_DOLLAR = 1_000_000


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

    \b
    Examples:
      penstock try "How do rainbows form?"
      penstock try "Write a poem about rain" --dialect openai
      penstock try "How do rainbows form?" --intensity ultra --live
    """
    from penstock import trial  # noqa: PLC0415 - keeps --help instant
    from penstock.core.fault import FaultError  # noqa: PLC0415

    dialect = given["dialect"]
    asked = trial.question(dialect, given["model"] or trial.MODELS[dialect], prompt, given["system"])
    settings = load_settings(config)
    try:
        with saying_mistakes():
            found, chosen = _explained(settings, asked, given, demo=demo)
            both = asyncio.run(_both(settings, asked, chosen.body, demo=demo)) if live else None
    except FaultError as error:
        raise click.ClickException(f"{error.fault.status}: {error.fault.words}") from None
    if as_json:
        print_json(_described(found, chosen, both))
        return
    _print(asked, found, chosen)
    if both is not None:
        _compare(*both)


def _explained(settings: "Settings", asked: "Question", given: Given, *, demo: bool) -> "tuple[Detected, Explanation]":
    """What detection makes of the question, and the request with the words that were asked for, set, or detected; where
    a rule of the operator's own decides, with what it says."""
    from penstock.app import detected, explain_request  # noqa: PLC0415 - keeps --help instant
    from penstock.core.head import RequestHead  # noqa: PLC0415
    from penstock.core.terseness import Intensity  # noqa: PLC0415

    head, intensity, key = asked.head, given["intensity"], profile(settings, given["key"])
    as_set = explain_request(settings, head, asked.body, demo=demo, key=key)
    found = detected(head, asked.body)
    if as_set.own_rules and intensity is None:
        return found, as_set
    ran = Intensity.OFF if as_set.terseness is None else as_set.terseness.ran
    wanted = Intensity(intensity) if intensity else found.intensity if ran is Intensity.OFF else ran
    if wanted in {ran, Intensity.OFF}:
        return found, as_set
    wish = f"{settings.header_prefixes[0]}Intensity".lower().encode(), wanted.value.encode()
    forced = RequestHead(head.method, head.target, (*head.headers, wish))
    return found, explain_request(settings, forced, asked.body, demo=demo, key=key)


async def _both(settings: "Settings", asked: "Question", terser: bytes, *, demo: bool) -> "tuple[Answered, Answered]":
    from penstock.app import simulating  # noqa: PLC0415 - keeps --help instant
    from penstock.trial import ask_both  # noqa: PLC0415

    if not demo:
        return await ask_both(settings, asked, terser)
    async with simulating() as simulator:
        return await ask_both(settings, asked, terser, simulator)


def _print(asked: "Question", found: "Detected", chosen: "Explanation") -> None:
    from penstock.policies.compress.reasons import SENTENCES  # noqa: PLC0415 - keeps --help instant

    click.echo(f"Detection: {found.intensity.value} ({found.reason.value}). {SENTENCES[found.reason]}")
    terseness = chosen.terseness
    if terseness is not None and chosen.own_rules:
        click.echo(f"Your rule {', '.join(chosen.own_rules)} decides before it: {terseness.intensity.value}.")
    if terseness is None or not terseness.added:
        why = f": {terseness.reason}" if terseness is not None else ""
        click.echo(f"Nothing would be put in{why}.")
        return
    why = "as asked for here" if terseness.arm.value == "forced" else "as it is set"
    click.echo(f"{terseness.ran.value}, {why}: {terseness.added} bytes ({terseness.rules}) go in here:\n")
    before, put, after = (legible(part.decode("utf-8", "replace")) for part in _change(asked.body, chosen.body))
    start = "" if len(before) <= _BEFORE else "…"
    end = "" if len(after) <= _AFTER else "…"
    click.echo(f"{start}{before[-_BEFORE:]}{click.style(put, fg='green', bold=True)}{after[:_AFTER]}{end}")


def _change(body: bytes, changed: bytes) -> tuple[bytes, bytes, bytes]:
    """What stands before the bytes that were put in, they themselves, and what stands after them."""
    same = next((at for at, pair in enumerate(zip(body, changed, strict=False)) if pair[0] != pair[1]), len(body))
    rest = len(body) - same
    return changed[:same], changed[same : len(changed) - rest], changed[len(changed) - rest :]


def _compare(plain: "Answered", terser: "Answered") -> None:
    click.echo()
    rows = tuple(
        (name, str(one.status), f"{one.usage.total_input:,}", f"{one.usage.total_output:,}", _money(one.cost),
         f"{one.seconds:.1f} s")
        for name, one in (("as it is", plain), ("terser", terser))
    )  # fmt: skip
    print_table(Table(columns("request", "#status", "#tokens in", "#tokens out", "#cost", "#took"), rows))
    for name, one in (("As it is", plain), ("Terser", terser)):
        click.echo(f"\n{click.style(name, bold=True)}\n")
        for line in one.text.splitlines():
            click.echo(f"  {legible(line)}")
    click.echo("\nTwo answers are no measurement: `penstock savings` tells what was measured.", err=True)


def _money(cost: int | None) -> str:
    return "unpriced" if cost is None else f"${cost / _DOLLAR:.6f}"


def _described(found: "Detected", chosen: "Explanation", both: "tuple[Answered, Answered] | None") -> dict[str, object]:
    terseness = chosen.terseness
    described: dict[str, object] = {
        "detected": {"intensity": found.intensity, "reason": found.reason, "kind": found.klass},
        "own_rule": next(iter(chosen.own_rules), None),
        "intensity": "off" if terseness is None else terseness.ran,
        "reason": None if terseness is None else terseness.reason,
        "rules": None if terseness is None else terseness.rules,
        "added_bytes": 0 if terseness is None else terseness.added,
        "body": chosen.body.decode("utf-8", "replace"),
    }
    if both is not None:
        described["answers"] = dict(zip(("plain", "terser"), both, strict=True))
    return described
