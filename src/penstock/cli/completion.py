"""``penstock completion``: the script that makes a shell complete commands and options. Click writes it."""

import click
from click.shell_completion import get_completion_class

from penstock.cli.exits import MistakeError


@click.command(short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      source <(penstock completion bash)
      penstock completion zsh > ~/.zfunc/_penstock
      penstock completion fish > ~/.config/fish/completions/penstock.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise MistakeError(f"there is no completion for {shell}")
    script = made(context.find_root().command, {}, "penstock", "_PENSTOCK_COMPLETE")
    # What ``source`` of click's bash class adds is a look at the bash that runs, which need not be the reader's.
    click.echo(script.source_template % script.source_vars())
