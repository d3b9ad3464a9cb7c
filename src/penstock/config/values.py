"""What single settings may hold: the types that settings are written in, each with its form.

Types alone. What a form's text must look like is said in ``forms``.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from penstock.config.forms import Form
from penstock.core.caller import Secret
from penstock.core.terseness import HOLDOUT_MOST

DAY = 86_400

Size = Annotated[int, Meta(ge=1, extra={"form": Form.SIZE})]
Seconds = Annotated[float, Meta(gt=0, le=DAY, extra={"form": Form.SECONDS})]
Count = Annotated[int, Meta(ge=1)]
Days = Annotated[int, Meta(ge=1, le=3650)]
Name = Annotated[str, Meta(extra={"form": Form.NAME})]
Pattern = Annotated[str, Meta(extra={"form": Form.PATTERN})]
HeaderName = Annotated[str, Meta(extra={"form": Form.HEADER_NAME})]
HeaderValue = Annotated[Secret, Meta(extra={"form": Form.HEADER_VALUE})]
HeaderPrefix = Annotated[str, Meta(extra={"form": Form.HEADER_PREFIX})]
ProxyUrl = Annotated[Secret, Meta(extra={"form": Form.PROXY})]
Dollars = Annotated[Decimal, Meta(extra={"form": Form.DOLLARS})]
Expression = Annotated[str, Meta(extra={"form": Form.EXPRESSION})]
Names = Annotated[str, Meta(extra={"form": Form.NAMES})]
RuleText = Annotated[str, Meta(extra={"form": Form.RULE_TEXT})]
Words = Annotated[str, Meta(extra={"form": Form.WORDS})]
Operation = Annotated[str, Meta(extra={"form": Form.OPERATION})]
Moment = Annotated[datetime, Meta(extra={"form": Form.MOMENT})]
IntensityName = Literal["off", "lite", "full", "ultra"]
Holdout = Annotated[int, Meta(ge=0, le=HOLDOUT_MOST)]
QuotaText = Annotated[str, Meta(extra={"form": Form.QUOTA})]
Url = Annotated[str, Meta(extra={"form": Form.BASE_URL})]
Factor = Annotated[Decimal, Meta(extra={"form": Form.FACTOR})]
