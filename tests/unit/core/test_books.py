"""Rows of a report, added up."""

from penstock.core.books import UsageRow, total
from penstock.core.usage import Usage


def test_all_rows_together() -> None:
    """Each sum by itself; a share is worked out of the sums."""
    rows = [
        UsageRow(
            exchanges=each, not_served=2 * each, cost=3 * each, unpriced=4 * each, estimated=5 * each,
            estimated_tokens=6 * each, estimated_cost=7 * each, usage=Usage(input=8 * each, output=9 * each),
        )
        for each in (1, 10)
    ]  # fmt: skip
    assert total(iter(rows)) == UsageRow(
        exchanges=11, not_served=22, cost=33, unpriced=44, estimated=55, estimated_tokens=66, estimated_cost=77,
        usage=Usage(input=88, output=99),
    )  # fmt: skip
    assert total(rows).estimated_share == 66 / 187
    assert total([]) == UsageRow()
    assert UsageRow().estimated_share == 0
