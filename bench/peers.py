"""``python -m bench.peers``: installs the other gateways that the bench measures beside, each in an environment of its
own under ``.cache/peers``, from its own registry, by locked versions and hashes.

Nothing is installed elsewhere, and no package's install script runs. What can't be had here is named and left out: the
bench then measures without it. A peer that is there in its locked version is left as it is.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from bench.rows import LITELLM, PEERS, PORTKEY
from bench.subjects import ROOT

NODE_FILES = tuple(ROOT / "bench" / "portkey" / name for name in ("package.json", "package-lock.json", ".npmrc"))


class MissingError(Exception):
    """A peer can't be installed here; its words say why."""


@dataclass(frozen=True)
class Peer:
    """One of them: what defines it, how it is installed into a folder, and what the bench starts there."""

    name: str
    inputs: tuple[Path, ...]
    install: Callable[[Path], None]
    program: Path

    def digest(self) -> str:
        """What its stamp says once these inputs are installed."""
        return hashlib.sha256(b"".join(path.read_bytes() for path in self.inputs)).hexdigest()


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """A command that must succeed; what it printed last is told if it does not."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MissingError(f"`{' '.join(map(str, command[:3]))} ...` failed: {done.stdout.strip()[-600:]}")


def litellm(home: Path) -> None:
    """Wheels alone, into a virtual environment."""
    lock = ROOT / "requirements" / "peers-litellm.lock"
    run(sys.executable, "-m", "venv", home)
    pip = (home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "--only-binary=:all:", "-r", lock)


def portkey(home: Path) -> None:
    """``npm ci``, with the machine's own Node.js."""
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError("there is no npm; on Debian: apt-get install npm")
    home.mkdir(parents=True)
    for source in NODE_FILES:
        shutil.copyfile(source, home / source.name)
    run(npm, "ci", "--ignore-scripts", "--cache", ROOT / ".cache" / "npm", cwd=home)


KNOWN: tuple[Peer, ...] = (
    Peer("litellm", (ROOT / "requirements" / "peers-litellm.lock",), litellm, LITELLM.relative_to(PEERS / "litellm")),
    Peer("portkey", NODE_FILES, portkey, PORTKEY.relative_to(PEERS / "portkey")),
)


def bring(peer: Peer, folder: Path = PEERS) -> str:
    """Installs a peer unless exactly this is there, and says what came of it."""
    home, stamp = folder / peer.name, folder / f"{peer.name}.stamp"
    if (home / peer.program).exists() and stamp.is_file() and stamp.read_text() == peer.digest():
        return f"{peer.name}: there"
    shutil.rmtree(home, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        peer.install(home)
    except MissingError as error:
        shutil.rmtree(home, ignore_errors=True)
        return f"{peer.name}: skipped, {error}"
    stamp.write_text(peer.digest())
    return f"{peer.name}: installed into {os.path.relpath(home)}"


@click.command(help=(__doc__ or "").partition("\n\n")[2])
@click.argument("names", nargs=-1, type=click.Choice([peer.name for peer in KNOWN]))
def main(names: tuple[str, ...]) -> None:
    """Install what is missing of these peers, or of all."""
    for peer in KNOWN:
        if not names or peer.name in names:
            click.echo(bring(peer))


if __name__ == "__main__":
    main()
