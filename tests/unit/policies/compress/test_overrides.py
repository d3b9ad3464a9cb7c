"""What one request wants for itself."""

import pytest

from penstock.core.fault import FaultError
from penstock.core.head import RequestHead
from penstock.core.terseness import Intensity
from penstock.policies.compress.overrides import Overrides

OVERRIDES = Overrides(("X-Penstock-", "X-Mintoken-"))


def head(query: str = "", **headers: str) -> RequestHead:
    named = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return RequestHead("POST", b"/v1/messages" + (b"?" + query.encode() if query else b""), named)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (head(), None),
        (head(x_penstock_intensity="full"), Intensity.FULL),
        (head(x_mintoken_intensity="ULTRA"), Intensity.ULTRA),
        (head(x_mintoken_intensity=" Lite "), Intensity.LITE),
        (head(x_penstock_intensity="none"), Intensity.OFF),
        (head(x_penstock_intensity="off", x_mintoken_intensity="full"), Intensity.OFF),
        (head("intensity=ultra"), Intensity.ULTRA),
        (head("beta=true&intensity=None"), Intensity.OFF),
        (head("%69ntensity=f%75ll"), Intensity.FULL),
        (head("intensity=full", x_penstock_intensity="lite"), Intensity.LITE),
        (head("intensityx=full&my-intensity=lite"), None),
    ],
)
def test_what_is_asked(given: RequestHead, wanted: Intensity | None) -> None:
    """The header before the query, case and blanks aside, ``none`` for ``off``."""
    assert OVERRIDES.intensity(given) is wanted


@pytest.mark.parametrize(
    "given", [head(x_penstock_intensity="max"), head(x_penstock_intensity=""), head("intensity="), head("intensity=5")]
)
def test_what_is_no_intensity(given: RequestHead) -> None:
    """Is refused with the four that there are."""
    with pytest.raises(FaultError) as caught:
        OVERRIDES.intensity(given)
    assert caught.value.fault.status == 400
    assert "off, lite, full and ultra" in caught.value.fault.words
