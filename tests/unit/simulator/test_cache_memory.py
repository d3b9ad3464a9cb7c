"""Cache counters follow marks (Anthropic) and repeated prefixes (OpenAI, Gemini)."""

from penstock.simulator.cache_memory import LOOKBACK, CacheMemory, CacheUse, Stretch

SYSTEM = Stretch(b"system", 1500)
SHORT = Stretch(b"short", 1000)


def marked(stretch: Stretch, seconds: int = 300) -> Stretch:
    return Stretch(stretch.content, stretch.tokens, seconds)


def said(text: str, tokens: int = 100) -> Stretch:
    return Stretch(text.encode(), tokens)


def test_nothing_is_cached_without_a_mark() -> None:
    """Anthropic's cache is asked for."""
    memory = CacheMemory()
    assert memory.marked("m", [SYSTEM], 0) == memory.marked("m", [SYSTEM], 1) == CacheUse()


def test_a_marked_prefix_is_written_and_then_read() -> None:
    """The second request reads what the first wrote; what stands behind the mark doesn't matter."""
    memory = CacheMemory()
    assert memory.marked("m", [marked(SYSTEM), said("one")], 0) == CacheUse(written_5m=1500)
    assert memory.marked("m", [marked(SYSTEM), said("two")], 9) == CacheUse(read=1500)


def test_a_small_prefix_is_not_cached() -> None:
    """1,024 tokens are the least."""
    memory = CacheMemory()
    assert memory.marked("m", [marked(SHORT)], 0) == memory.marked("m", [marked(SHORT)], 1) == CacheUse()
    assert memory.marked("m", [SHORT, marked(said("more"))], 2) == CacheUse(written_5m=1100)


def test_a_conversation_reads_its_past_and_writes_its_present() -> None:
    """The mark moves to the newest block with each turn, and the counters with it."""
    memory = CacheMemory()
    memory.marked("m", [SYSTEM, marked(said("one"))], 0)
    grown = [SYSTEM, said("one"), said("answer"), marked(said("two"))]
    assert memory.marked("m", grown, 10) == CacheUse(read=1600, written_5m=200)


def test_a_past_beyond_the_lookback_is_not_found() -> None:
    """Anthropic looks 20 blocks back from a mark."""
    memory = CacheMemory()
    memory.marked("m", [marked(SYSTEM)], 0)
    near = [said(str(number)) for number in range(LOOKBACK)]
    near[-1] = marked(near[-1])
    assert memory.marked("m", [SYSTEM, *near], 1).read == 1500
    far = [said(f"far {number}") for number in range(LOOKBACK + 1)]
    far[-1] = marked(far[-1])
    assert memory.marked("m", [SYSTEM, *far], 2) == CacheUse(written_5m=1500 + 100 * (LOOKBACK + 1))


def test_a_changed_prefix_is_another() -> None:
    """A different word, model or order anywhere before the mark misses."""
    for model, rows in (
        ("m", [said("System", 1500)]),
        ("n", [SYSTEM]),
        ("m", [said("before"), SYSTEM]),
        ("m", [said("sys", 1500), said("tem")]),
    ):
        memory = CacheMemory()
        memory.marked("m", [marked(SYSTEM)], 0)
        assert memory.marked(model, [*rows[:-1], marked(rows[-1])], 1).read == 0


def test_lifetimes_are_counted_apart() -> None:
    """An hour's mark and a five minutes' mark in one request fill their own counters."""
    memory = CacheMemory()
    rows = [marked(SYSTEM, 3600), marked(said("one"))]
    assert memory.marked("m", rows, 0) == CacheUse(written_1h=1500, written_5m=100)
    assert memory.marked("m", rows, 299) == CacheUse(read=1600)


def test_a_cache_expires_unless_it_is_used() -> None:
    """Each read begins the five minutes anew."""
    memory = CacheMemory()
    rows = [marked(SYSTEM)]
    assert [memory.marked("m", rows, now).read for now in (0, 299, 598, 899)] == [0, 1500, 1500, 0]


def test_the_memory_is_bounded() -> None:
    """The longest unused prefix is forgotten first."""
    memory = CacheMemory(bound=2)
    for content in (b"a", b"b", b"a", b"c"):
        memory.marked("m", [Stretch(content, 2000, 300)], 0)
    assert [memory.marked("m", [Stretch(content, 2000, 300)], 1).read for content in (b"a", b"c")] == [2000, 2000]
    assert memory.marked("m", [Stretch(b"b", 2000, 300)], 1).read == 0


def test_repeated_prefixes_are_cached_by_themselves() -> None:
    """In steps of 128, from 1,024 tokens on, for ten minutes."""
    memory = CacheMemory()
    assert memory.automatic("m", [SYSTEM, said("one")], 0) == 0
    assert memory.automatic("m", [SYSTEM, said("two")], 1) == 1408
    assert memory.automatic("m", [SYSTEM, said("one")], 2) == 1536
    assert memory.automatic("m", [SHORT], 3) == memory.automatic("m", [SHORT], 4) == 0
    assert memory.automatic("m", [SYSTEM], 700) == 0
