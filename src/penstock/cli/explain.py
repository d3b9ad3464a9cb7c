"""``penstock explain``: where would a request go, what would be changed, what would the provider receive?

Runs the path's own pure parts over a request from a file or standard input and sends nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypedDict, Unpack

import click

from penstock.cli.configuration import config_option, load_settings, saying_mistakes
from penstock.cli.printing import json_option, print_json
from penstock.cli.whose import key_option, told, whose

if TYPE_CHECKING:
    from penstock.core.caller import KeyProfile
    from penstock.core.head import RequestHead
    from penstock.explanation import Explanation


class Beside(TypedDict):
    """What the options say of a request whose body alone is given."""

    path: str
    method: str
    headers: tuple[str, ...]


@click.command(short_help="Show what would become of a request.")
@config_option
@click.argument("request", type=click.File("rb"), default="-")
@click.option("--path", default="/v1/messages", show_default=True, help="Path and query, when REQUEST is a body alone.")
@click.option("--method", default="POST", show_default=True, help="The method, when REQUEST is a body alone.")
@click.option("--header", "-H", "headers", multiple=True, metavar="NAME: VALUE", help="A header; may be repeated.")
@key_option
@click.option("--demo", is_flag=True, help="As under serve --demo.")
@json_option
def explain(
    config: Path | None,
    request: BinaryIO,
    *,
    key: str | None,
    demo: bool,
    as_json: bool,
    **beside: Unpack[Beside],
) -> None:
    """Show what would become of REQUEST, without sending anything.

    REQUEST is a file, or - for standard input: either a whole HTTP request (request line, headers, blank line, body)
    or a body alone. No gateway key is needed; credentials are never shown.

    \b
    Examples:
      penstock explain request.http
      echo '{"model":"gpt-4o","messages":[]}' | penstock explain --path /v1/chat/completions
    """
    from msgspec.structs import asdict  # noqa: PLC0415 - keeps --help instant

    from penstock.core.fault import FaultError  # noqa: PLC0415
    from penstock.order import explain_request  # noqa: PLC0415

    head, body = _parse(request.read(), **beside)
    settings = load_settings(config)
    asking = whose(settings, key)
    try:
        with saying_mistakes():
            explanation = explain_request(settings, head, body, demo=demo, key=asking.key, suspended=asking.suspended)
    except FaultError as error:
        raise click.ClickException(f"{error.fault.status}: {error.fault.words}") from None
    quotas = _quotas(asking.key, explanation.model)
    if as_json:
        # The body is long, and its change is told.
        told = {name: value for name, value in asdict(explanation).items() if name != "body"}
        print_json({**told, "quotas": [{"quota": quota, "of": whose} for quota, whose in quotas]})
    else:
        _print(explanation, quotas)


def _parse(content: bytes, path: str, method: str, headers: tuple[str, ...]) -> "tuple[RequestHead, bytes]":
    from penstock.core.head import RequestHead  # noqa: PLC0415

    lines: list[bytes] = [header.encode() for header in headers]
    first = content.split(b"\n", 1)[0].strip()
    if first.endswith((b"HTTP/1.1", b"HTTP/1.0")):
        head, _, content = content.replace(b"\r\n", b"\n", content.count(b"\r\n")).partition(b"\n\n")
        method, path = first.decode("latin-1").split(" ")[:2]
        lines = head.split(b"\n")[1:] + lines
    pairs = [line.partition(b":") for line in lines]
    found = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    return RequestHead(method, path.encode(), found), content


def _quotas(key: "KeyProfile", model: str | None) -> "list[tuple[str, str]]":
    """What the request would be counted in, and of whom all requests are."""
    from penstock.core.quota_text import write  # noqa: PLC0415
    from penstock.policies.limit.taking import concerns  # noqa: PLC0415

    of = {"installation": "everyone", "key": f"key {key.name}"}
    return [
        (write(quota), of.get(quota.level.value, f"{quota.level.value} {quota.subject}"))
        for quota in key.quotas
        if concerns(quota, model or "")
    ]


def _print(explanation: "Explanation", quotas: "list[tuple[str, str]]") -> None:
    model = f", model {explanation.model}" if explanation.model else ""
    stream = ", as a stream" if explanation.stream else ""
    click.echo(f"This is {explanation.operation} in the {explanation.dialect} dialect{model}{stream}.")
    shown = "without a credential" if explanation.credential == "none" else f"with {explanation.credential} credential"
    click.echo(f"It goes to {explanation.provider} ({explanation.reason}), {shown}.")
    where = explanation.url or "the simulator that is built into the gateway; nothing leaves this machine"
    click.echo(f"\n  {where}\n\nWhat changes:\n")
    for change in explanation.changes:
        click.echo(f"  {change}")
    if explanation.suspended:
        click.echo(f"\n{told(explanation.suspended)}")
    if quotas:
        click.echo("\nWhat it is counted in (`penstock quotas` shows how they stand):\n")
        for quota, of in quotas:
            click.echo(f"  {quota} ({of})")
    click.echo("\nWhat the provider receives:\n")
    for line in explanation.request.rstrip().split("\r\n"):
        click.echo(f"  {line}")
    click.echo(f"\n  ({explanation.body_bytes} bytes of body)")
