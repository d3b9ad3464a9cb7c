"""Acts on the operator's provider credentials in the database. None is ever told again."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from penstock.administering.acting import Act, Actor, Page, Role
from penstock.administering.errors import InvalidError, NotFoundError, UnavailableError
from penstock.administering.house import House
from penstock.config import forms
from penstock.config.mistakes import MisfitError, listed
from penstock.core.caller import Secret
from penstock.stores import audit
from penstock.stores.audit import Change
from penstock.stores.credentials import Along, CredentialStore
from penstock.stores.database import Transaction
from penstock.stores.master_key import MasterKeyError

_CHANGERS = frozenset((Role.OWNER, Role.ADMIN))


class ProviderCredential(msgspec.Struct, frozen=True):
    """What may be told of a credential."""

    provider: str
    stored: bool
    used: bool
    """The provider's row in the configuration file says `api_key_stored: true`."""
    created: int | None = None
    """Seconds since the epoch."""


class PutCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The credential of a provider, in the place of the one before."""

    provider: str
    """A name under `providers` in the configuration file."""
    credential: Annotated[str, Meta(extra_json_schema={"pattern": "^[!-~]+$"})]


class NamedCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The credential of one provider."""

    provider: str


class ListCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that are stored."""


def put(house: House, actor: Actor, wanted: PutCredential) -> ProviderCredential:
    """Keep the credential of a provider."""
    _check(house, wanted)
    if wanted.provider not in house.settings.providers:
        words = f"There is no provider {wanted.provider!r} in the configuration; there is "
        raise NotFoundError(f"{words}{listed(house.settings.providers)}.", "provider")
    told = _told(house, wanted.provider, stored=True)
    try:
        _store(house).put(wanted.provider, Secret(wanted.credential), _noting(actor, "credentials.put", told))
    except MasterKeyError as error:
        words = str(error)
        raise UnavailableError(f"{words[0].upper()}{words[1:]}.") from None
    return told


def remove(house: House, actor: Actor, wanted: NamedCredential) -> ProviderCredential:
    """Forget the credential of a provider."""
    told = _told(house, wanted.provider, stored=False)
    if not _store(house).remove(wanted.provider, _noting(actor, "credentials.remove", told)):
        raise NotFoundError(f"No credential of {wanted.provider!r} is stored.", "provider")
    return told


def all_of_them(house: House, actor: Actor, wanted: ListCredentials) -> Page[ProviderCredential]:
    """List whose credentials are stored."""
    del actor, wanted
    rows = _store(house).listed()
    return Page(tuple(_told(house, row.name, stored=True, created=row.created) for row in rows))


def _check(house: House, wanted: PutCredential) -> None:
    del house
    try:
        forms.provider_key(wanted.credential)
    except MisfitError as misfit:
        raise InvalidError(f"It {misfit.what}; {misfit.suggestion}.", "credential") from None


def _store(house: House) -> CredentialStore:
    return CredentialStore(house.store.engine, Path(house.settings.data_dir), house.settings.master_key)


def _noting(actor: Actor, act: str, told: ProviderCredential) -> Along:
    def note(on: Transaction) -> None:
        change = Change(act, "credential", told.provider, told.provider, None, told if told.stored else None)
        audit.append(on, actor.name, actor.role.value, change)

    return note


def _told(house: House, name: str, *, stored: bool, created: int | None = None) -> ProviderCredential:
    row = house.settings.providers.get(name)
    return ProviderCredential(name, stored, row is not None and row.api_key_stored, created)


ACTS = (
    Act(
        "credentials.list",
        ListCredentials,
        Page[ProviderCredential],
        _CHANGERS | {Role.VIEWER},
        all_of_them,
        writes=False,
    ),
    Act("credentials.put", PutCredential, ProviderCredential, _CHANGERS, put, check=_check),
    Act("credentials.remove", NamedCredential, ProviderCredential, _CHANGERS, remove),
)
