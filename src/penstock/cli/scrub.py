"""``penstock scrub``: what would leave the house of a text, and how much is found of what others labelled."""

import os
import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
from msgspec.structs import asdict, replace

from penstock.cli.configuration import config_option, load_settings, saying_mistakes
from penstock.cli.exits import MistakeError
from penstock.cli.printing import Table, columns, json_option, print_json, print_table
from penstock.cli.whose import whose

if TYPE_CHECKING:
    from penstock.assembly.scrubbing import Preview
    from penstock.core.finding import Detector

# As `penstock.core.finding.Matter` spells them, which is not loaded for --help.
MATTERS = ("system", "user", "assistant", "tool-input", "tool-result", "document", "tool-definition")
_COLOURS = {"mask": "green", "redact": "yellow", "flag": "magenta", "block": "red"}
_SAID = {"mask": "masked, and restored", "redact": "taken out", "flag": "let out, counted", "block": "request refused"}


@click.command(short_help="Show what would leave the house of a text.")
@config_option
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--key", metavar="NAME", help="As this key's requests are looked through.")
@click.option("--as", "matter", type=click.Choice(MATTERS), default="user", show_default=True, help="What the text is.")
@click.option(
    "--score", "dataset", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="DATASET",
    help="Tell how much is found of a labelled set: presidio-research's JSON, or JSON lines with `text` and `spans`.",
)  # fmt: skip
@json_option
def scrub(config: Path | None, file: IO[bytes], *, key: str | None, matter: str, dataset: Path | None,
          as_json: bool) -> None:  # fmt: skip
    """Show what would leave the house of FILE, or of standard input, with reasons.

    Nothing is sent. Private values are looked for as for a key that wants it, also where scrubbing is off. The text
    goes to standard output, with tokens in the place of values; what was found, to standard error. Of a PDF it is the
    text that can be read out of it.

    \b
    Examples:
      echo 'Call Ann at +49 30 901820' | penstock scrub -
      penstock scrub --as tool-result .env
      penstock scrub --score labelled.json
    """
    from penstock.assembly.scrubbing import preview, rules_of  # noqa: PLC0415
    from penstock.core.finding import Matter  # noqa: PLC0415 - keeps --help instant
    from penstock.core.scrubbed import Wish  # noqa: PLC0415

    settings = load_settings(config)
    asked = whose(settings, key).key
    with saying_mistakes():
        rules = rules_of(settings)(replace(asked, scrub=Wish(wanted=True, kinds=asked.scrub.kinds)))
    if rules is None:
        raise RuntimeError("a key that wants scrubbing has no rules")
    if dataset is not None:
        _score(rules.detector, dataset, as_json=as_json)
        return
    text = _words(file.read(), settings.scrub.seconds)
    shown = preview(rules, text, Matter(matter), asked.tenant)
    if as_json:
        print_json(shown)
        return
    _print(shown)


def _words(content: bytes, seconds: float) -> str:
    if not content.startswith(b"%PDF-"):
        return content.decode("utf-8", "replace")
    from penstock.pdf import extract  # noqa: PLC0415 - keeps --help instant
    from penstock.policies.scrub.papers import unreadable  # noqa: PLC0415

    pages = extract(content, seconds)
    if pages.unread is not None:
        raise MistakeError(unreadable(pages.unread).fault.words.replace("A PDF in this request", "This PDF"))
    return pages.text


def _print(shown: "Preview") -> None:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    text = shown.text
    if coloured and shown.tokens:
        tokens = re.compile("|".join(map(re.escape, shown.tokens)))
        text = tokens.sub(lambda one: click.style(one[0], fg="green", bold=True), text)
    click.echo(text, nl=not text.endswith("\n"), color=coloured)
    if not shown.found:
        click.echo("Nothing private was found.", err=True)
        return
    rows = [(str(one.line), one.kind, one.rule, _SAID[one.becomes]) for one in shown.found]
    click.echo("", err=True)
    for line, kind, rule, becomes in rows:
        colour = next(name for action, name in _COLOURS.items() if _SAID[action] == becomes)
        click.echo(f"line {line}: {click.style(kind, fg=colour)}, by {rule}: {becomes}", err=True)
    if shown.refused:
        click.echo("A request with this text would be refused.", err=True)


def _score(detector: "Detector", dataset: Path, *, as_json: bool) -> None:
    from penstock.detection.scoring import DatasetError, samples, scores  # noqa: PLC0415 - keeps --help instant

    try:
        told = scores(detector, samples(dataset.read_bytes()))
    except DatasetError as error:
        raise MistakeError(f"{dataset} is no labelled set in a form that is known: {error}") from None
    if as_json:
        print_json([{**asdict(one), "recall": one.recall, "precision": one.precision} for one in told])
        return
    rows = tuple(
        (one.kind, str(one.marked), str(one.met), _share(one.recall), str(one.found), _share(one.precision))
        for one in told
    )
    print_table(Table(columns("=kind", "#marked", "#met", "#recall", "#found", "#precision"), rows))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
