"""Who tells that a quota runs low: one of all processes, once for each share and span."""

from sqlalchemy import Engine

from penstock.stores.site import Site
from penstock.stores.warnings import Warnings


def test_one_of_several_tells_it(site: Site, engine: Engine) -> None:
    """The first that asks; another share, and the same one of the next span, are told anew."""
    other = site.open()
    one, two = Warnings(engine), Warnings(other)
    assert [store.claim("c", 80, 1000, 10.0) for store in (one, two, one)] == [True, False, False]
    assert two.claim("c", 100, 1000, 10.0)
    assert one.claim("d", 80, 1000, 10.0)
    assert two.claim("c", 80, 1000, 1000.0 + 2 * 86_400)
    other.dispose()
