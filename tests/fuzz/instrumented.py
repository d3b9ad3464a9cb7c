"""``python -m tests.fuzz.instrumented TARGET OPTION ...``: one target under Atheris, with libFuzzer's options.

Started by ``guided``, as a process of its own: libFuzzer never returns. Imports nothing of penstock but through
Atheris, which puts counters into what it lets in; into h11, too: our parser of HTTP is C, of which it sees nothing, and
where h11 goes tells what a message is made of.
"""

import sys

import atheris


def main() -> None:
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["penstock", "h11"]):
        from tests.fuzz.seeded import SEEDED
    atheris.Setup([sys.argv[0], *options], SEEDED[name].check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
