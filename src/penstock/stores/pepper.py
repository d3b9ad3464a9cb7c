"""The secret under which gateway keys are hashed: a file beside the database, never in it.

Who reads the database alone can neither use a key nor test a guess.
"""

import os
import secrets
from pathlib import Path

SIZE = 32


def read_pepper(folder: Path) -> bytes:
    """The pepper of this data folder; made, readable by its owner alone, when it is not there yet."""
    path = folder / "pepper"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pepper = path.read_bytes()
        if len(pepper) != SIZE:
            raise ValueError(f"{path} is damaged: it must hold {SIZE} bytes; restore it from a backup") from None
        return pepper
    with os.fdopen(descriptor, "wb") as file:
        pepper = secrets.token_bytes(SIZE)
        file.write(pepper)
    return pepper
