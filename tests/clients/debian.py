"""Proxies from Debian's own packages, for tests that put them before and behind the gateway.

What the machine has is used. Else the packages are unpacked under ``.clients/debian``, which needs no right to install
anything; where there is no ``apt-get``, or no package, the tests that need it skip and say so. Standard library only.
"""

import os
import shutil
import subprocess
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".clients/debian"
PACKAGES = {
    "nginx": ("nginx",),
    "haproxy": ("haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1"),
}


def find(program: str) -> str | None:
    """Where it is, on this machine or among what was unpacked."""
    places = [os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", str(HOME / "usr/sbin")]
    return shutil.which(program, path=os.pathsep.join(places))


def environment() -> dict[str, str]:
    """With the libraries that were unpacked beside the programs."""
    folders = [str(path) for path in sorted((HOME / "usr/lib").glob("*-linux-gnu*"))]
    return {**os.environ, **({"LD_LIBRARY_PATH": os.pathsep.join(folders)} if folders else {})}


def install() -> list[str]:
    """Unpacks what the machine lacks; what can't be had here."""
    missing = [program for program in PACKAGES if find(program) is None]
    if missing and shutil.which("apt-get") and shutil.which("dpkg"):
        shutil.rmtree(HOME, ignore_errors=True)
        HOME.mkdir(parents=True)
        packages = [package for program in missing for package in PACKAGES[program]]
        # The lists of packages may be old, or none may be there; a root's own are left alone.
        own = [f"-oDir::State::lists={HOME}/lists", f"-oDir::Cache={HOME}/cache"]
        if _ran("apt-get", "download", *packages) or (
            _ran("apt-get", *own, "update") and _ran("apt-get", *own, "download", *packages)
        ):
            for package in HOME.glob("*.deb"):
                _ran("dpkg", "-x", str(package), str(HOME))
        shutil.rmtree(HOME / "lists", ignore_errors=True)
        shutil.rmtree(HOME / "cache", ignore_errors=True)
    return [program for program in PACKAGES if find(program) is None]


def _ran(*command: str) -> bool:
    return subprocess.run(command, cwd=HOME, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    lacking = install()
    print(f"no {' and no '.join(lacking)}: its tests skip" if lacking else "nginx and HAProxy are at hand")
