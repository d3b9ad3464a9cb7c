"""A memory of two generations."""

from penstock.core.generations import Generations


def test_what_is_asked_for_stays() -> None:
    """What nobody asks for while a generation fills up is forgotten, and the latest is always there."""
    memory: Generations[str] = Generations(2)
    for name in (b"a", b"b", b"c"):
        memory.keep(name, name.decode())
    assert memory.get(b"a") == "a"
    memory.keep(b"d", "d")
    assert [memory.get(name) for name in (b"a", b"b", b"c", b"d")] == ["a", None, "c", "d"]


def test_what_is_heavy_leaves_less_room() -> None:
    """The bound is the weight of all."""
    memory: Generations[str] = Generations(10, len)
    memory.keep(b"long", "x" * 20)
    assert memory.get(b"long") == "x" * 20
    memory.keep(b"short", "y")
    memory.keep(b"longer", "z" * 30)
    memory.keep(b"next", "n")
    assert memory.get(b"long") is None
    assert memory.get(b"longer") == "z" * 30
