"""The settings of people and what they may use: teams, users, quotas, as ``settings`` has the others.

The text under each field is its reference documentation. What a quota's text means is ``core.quota_text``'s matter.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from penstock.config.forms import Form
from penstock.config.scrub import ScrubWishSettings
from penstock.config.values import Holdout, IntensityName, Operation, Pattern, QuotaText, Url, Words
from penstock.core.caller import Secret
from penstock.core.quota import Spent, Unreachable
from penstock.core.quota_text import Usual


class TeamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``teams``: what holds for all keys of a team. A team needs no row to be one: keys that name it share
    what they store at a provider in any case."""

    label: Words | None = None
    """What you want to know of it, on one line."""

    models: Annotated[tuple[Pattern, ...], Meta(min_length=1)] = ()
    """The models that its keys may use, as patterns like `claude-haiku-*`. A key's own list can narrow it further, and
    not widen it. Unset: all."""

    routes: Annotated[tuple[Operation, ...], Meta(min_length=1)] = ()
    """The operations that its keys may use, as patterns like `messages.*`; they narrow as `models` do. Unset: all."""

    intensity: IntensityName | None = None
    """How tersely its conversations are answered, where neither key nor user says it. Unset: as `terser` says."""

    smart: bool | None = None
    """Let detection choose the intensity. Unset: as `terser` says."""

    holdout: Holdout | None = None
    """Percent of its eligible conversations that are left alone for comparison. Unset: as `terser` says."""

    scrub: ScrubWishSettings = ScrubWishSettings()
    """What becomes of private values in its requests, where neither key nor user says it. Unset: as `scrub` says."""

    quotas: tuple[QuotaText, ...] = ()
    """How much all its keys may use together, such as `5M output tokens per month`."""


class UserSettings(TeamSettings, frozen=True, kw_only=True):
    """One row of ``users``: what holds for all keys of an owner, in whatever team. The row's name is what stands as
    `owner` in the keys; an owner needs no row."""


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is told that a quota is nearly used up."""

    url: Url
    """The address that gets a `POST` with JSON. No redirect is followed."""

    secret: Annotated[Secret, Meta(extra={"form": Form.HEADER_VALUE})] | None = None
    """What the messages are signed with, so that the receiver can tell that they come from here."""


class QuotaSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Quotas: how much may be used, in which time, by whom. All that hold for a request must leave room for it; the
    tightest decides, and the answer says which. What one key, user or team has of its own stands in its row."""

    all: tuple[QuotaText, ...] = ()
    """What everyone may use together."""

    each_team: tuple[QuotaText, ...] = ()
    """What every team may use that has no quota of its own that counts the same in the same time."""

    each_user: tuple[QuotaText, ...] = ()
    """What every owner of keys may use, with all of them together, that has none of its own."""

    each_key: tuple[QuotaText, ...] = ()
    """What every key may use that has none of its own."""

    warn_at: Annotated[int, Meta(ge=1, le=100)] = 80
    """Percent of a quota, used and reserved: from there on answers say in their headers how much is used, and
    `webhook` is told."""

    contact: Words | None = None
    """Whom to ask for more; stands in the message of a refusal."""

    webhook: WebhookSettings | None = None
    """Where it is told that a quota is nearly used up, and that it is. Unset: nowhere."""

    strict: bool = False
    """Reserve the most that a request can use before it goes on, so that quotas of tokens and money are never overshot;
    clients that ask for far more than they use are then refused early. Off, what such requests used lately is
    reserved, and a quota may be overshot by what the requests then under way use beyond it. A quota says otherwise with
    `strict` or `learned`."""

    spent: Literal["finish", "cut"] = "finish"
    """What becomes of a stream under way when a quota of tokens or money is used up. A quota says otherwise with
    `finish` or `cut`."""

    unreachable: Literal["local", "open", "closed"] = "local"
    """What becomes of requests while the store that counts does not answer. `local`: each process counts for itself, up
    to its share of what is left as it last knew it; `open`: they pass; `closed`: they are refused with 503. A quota
    says otherwise with the same words."""

    unpriced: bool = False
    """Let models without a known price pass quotas of money, at no cost. Off, they are refused, because they could not
    be counted. A quota says otherwise with `unpriced` or `priced`."""

    @property
    def usual(self) -> Usual:
        """What holds where a quota says nothing of it."""
        return Usual(self.strict, Spent(self.spent), Unreachable(self.unreachable), self.unpriced)
