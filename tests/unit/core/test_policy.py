"""What several visits make of a stream's frames together."""

from penstock.core.policy import Visit, flushed, holding, rewriting, rewritten_only


class Marking(Visit):
    rewrites = True

    def __init__(self, mark: bytes) -> None:
        self._mark = mark

    def rewrite(self, frames: bytes) -> bytes:
        return frames + self._mark

    def flush(self) -> bytes:
        return b" kept" + self._mark


def test_the_innermost_rewrites_first() -> None:
    """As on every way out; who does not rewrite is not asked."""
    rewrite = rewriting([Marking(b" outer"), Visit(), Marking(b" inner")])
    assert rewrite is not None
    assert rewrite(b"frames") == b"frames inner outer"
    alone = rewriting([Visit(), Marking(b" alone")])
    assert alone is not None
    assert alone(b"frames") == b"frames alone"
    assert rewriting([Visit()]) is None


def test_what_is_kept_back_is_rewritten_by_those_around() -> None:
    """At a stream's end each gives what it has kept, the innermost first; who does not rewrite is not asked."""
    assert flushed([Marking(b" outer"), Visit(), Marking(b" inner")]) == b" kept inner outer kept outer"
    assert flushed([Visit()]) == b""


class Holding(Visit):
    holds = True


def test_who_rewrites_wants_the_whole_of_what_does_not_pass_in_pieces() -> None:
    """An error in place of a stream is no frame: whoever would have rewritten the frames gets it whole."""
    visits = [Holding(), Visit(), Marking(b"")]
    assert holding(visits, passes=True) == visits[:1]
    assert holding(visits, passes=False) == [visits[2], visits[0]]
    assert rewritten_only(visits[1:])
    assert not rewritten_only(visits)
    assert not rewritten_only([Visit()])
