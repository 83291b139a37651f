"""The domains we answer for: ownership, routes, DKIM keys, DNS records to publish."""

from collections.abc import Sequence

from gatepost.db import Database, Transaction
from gatepost.domains.paper import Destination, DnsRecord, SigningKey
from gatepost.ids import TenantId
from gatepost.keys import Keyring
from gatepost.mail.address import Address

__all__ = ["Destination", "DnsRecord", "SigningKey", "route", "signing_keys", "tenant_of"]


async def route(db: Database, address: Address | None) -> Destination | None:
    """Return where ``address`` leads; None where nobody is there. ``None`` asks for the bare ``postmaster``."""
    raise NotImplementedError


async def tenant_of(db: Database, domain: str) -> TenantId | None:
    """Return the tenant that answers for ``domain``, or None: then mail to it would be relaying."""
    raise NotImplementedError


async def signing_keys(tx: Transaction, domain: str, keyring: Keyring) -> Sequence[SigningKey]:
    """Return the keys that sign for ``domain``, empty where it is not this tenant's."""
    raise NotImplementedError
