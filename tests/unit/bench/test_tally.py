"""What the benchmark of reading usage feeds: answers that tell it, in every shape that it measures."""

import pytest

from bench.tally import LONG, SHORT, SUBJECTS, Subject, reading


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_every_answer_is_read_right(subject: Subject) -> None:
    """Whole, in many parts, and as a short and a long stream: something came in and something came out."""
    events = subject.route != "array"
    for pieces, streamed in (
        ([subject.body(1_000)], False),
        ([subject.blocks()], False),
        (subject.frames(SHORT), events),
        (subject.frames(LONG), events),
    ):
        usage = reading(subject, pieces, events=streamed)().usage
        assert usage.total_input == 812
        assert usage.total_output > 0
