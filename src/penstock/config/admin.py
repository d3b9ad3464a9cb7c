"""Settings of the admin API, and of certificates, which it has like the gateway itself."""

from typing import Annotated

import msgspec
from msgspec import Meta

from penstock.config.forms import Form
from penstock.config.urls import split_listen


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that the gateway shows to clients."""

    certificate: Annotated[str, Meta(extra={"form": Form.CERTIFICATE})]
    """The certificate chain, the gateway's own certificate first."""

    key: Annotated[str, Meta(extra={"form": Form.PRIVATE_KEY})]
    """The certificate's private key, without a passphrase: nobody is there to type one when the gateway starts."""


class AdminSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where those who run the gateway reach it. The command line on the same machine needs none of this: it uses a
    socket in the data folder that only the folder's owner can open."""

    listen: Annotated[str, Meta(extra={"form": Form.LISTEN})] | None = "127.0.0.1:8081"
    """The address of the admin API, or `null` for none. Where it is taken already, the gateway starts without it and
    says so."""

    hosts: tuple[str, ...] = ()
    """Names under which the admin API is reached besides `localhost` and its own address. A request for any other name
    is refused, so that no page that somebody visits can reach it under a name of its own."""

    tls: TlsSettings | None = None
    """Speak HTTPS. Needed wherever `listen` is not this machine alone and no ingress with TLS stands in front."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port."""
        return None if self.listen is None else split_listen(self.listen)
