"""What is told of a quota is worked out once for each, and not kept for ever."""

from penstock.core.quota import Period, Quota, Unit
from penstock.dialects.rates import MOST, Rate, ToldRates


class Asked:
    """Says something of a quota, and notes who asked."""

    def __init__(self) -> None:
        self.quotas: list[Quota] = []

    def __call__(self, quota: Quota) -> tuple[int, bytes]:
        self.quotas.append(quota)
        return 2, b"%d" % quota.amount


def quota(amount: int) -> Quota:
    return Quota(Unit.REQUESTS, amount, Period.MINUTE, burst=amount + 1)


def test_a_quota_is_asked_about_once() -> None:
    """Each by itself; one that says the same is another."""
    asked = Asked()
    rates = ToldRates(asked)
    several = [quota(1), quota(2), quota(1)]
    for _ in range(3):
        assert [rates[one] for one in several] == [
            Rate(several[0], 2, b"1", 2), Rate(several[1], 2, b"2", 3), Rate(several[2], 2, b"1", 2)
        ]  # fmt: skip
    assert [id(one) for one in asked.quotas] == [id(one) for one in several]


def test_so_many_quotas_are_kept() -> None:
    """With one more all are forgotten but that one."""
    asked = Asked()
    rates = ToldRates(asked)
    several = [quota(number) for number in range(MOST)]
    for _ in range(2):
        for one in several:
            assert rates[one].quota is one
    assert len(asked.quotas) == MOST
    late = quota(MOST)
    assert [rates[one].quota for one in (late, late, several[0])] == [late, late, several[0]]
    assert len(asked.quotas) == MOST + 2
