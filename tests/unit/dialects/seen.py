"""What a shape finds in a JSON text, as lines: whose words, and of things attached which part holds them and where
their bytes stand."""

from penstock.core.finding import Matter
from penstock.core.tree import tree
from penstock.dialects.walked import Shape, Walk


def seen(shape: Shape, text: str, matter: Matter = Matter.USER) -> list[str]:
    """Words, then what is attached, then values that no table knows, then whether it must stay as it is."""
    walk = Walk(text.encode())
    shape(walk, tree(walk.piece), matter)
    reading = walk.reading()
    lines = [f"{one.matter.value}: {one.value}" for one in reading.texts]
    for one in reading.attached:
        data = "" if one.data is None else " of which " + walk.piece[slice(*one.data)].decode()
        lines.append(f"{one.sort.value} in {walk.piece[one.start : one.end].decode()}{data}")
    lines += [f"unknown: {walk.piece[one.start : one.end].decode()}" for one in walk.strange]
    return lines + ["sealed"] * reading.sealed
