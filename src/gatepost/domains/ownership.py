"""Which domains are whose, and what signs for them."""

import asyncio
from datetime import datetime

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.domains import dkim, records, store
from gatepost.domains.paper import DnsRecord, Domain, DomainMissingError, DomainTakenError, SigningKey
from gatepost.ids import AccountId
from gatepost.keys import Keyring
from gatepost.mail.address import normalise_domain


async def add_domain(
    tx: Transaction, domain: str, *, postmaster: AccountId, keyring: Keyring, at: datetime, entropy: Entropy
) -> Domain:
    """Answer for a domain from the commit on, and make its signing keys.

    Args:
        tx: a transaction of the tenant that shall have it.
        domain: its name; U-labels are turned into A-labels.
        postmaster: the account of the same tenant that reads the postmaster's mail.
        keyring: wraps the private keys.
        at: aware time of now; the selectors carry its year.
        entropy: where the Ed25519 key comes from.

    Raises:
        AddressError: it is no domain name.
        DomainTakenError: a tenant of this house has it.
    """
    made = Domain(normalise_domain(domain), tx.tenant, postmaster, at)
    if not await store.insert_domain(tx, made):
        raise DomainTakenError("a tenant of this house answers for that domain already")
    fresh = (await asyncio.to_thread(dkim.make_rsa, at), dkim.make_ed25519(at, entropy))
    wrapped = [
        store.StoredKey(
            key.selector,
            key.algorithm,
            keyring.wrap(dkim.purpose(made.name, key.selector), key.private_der),
            key.public_text,
        )
        for key in fresh
    ]
    store.insert_dkim_keys(tx, made, wrapped)
    return made


async def list_domains(tx: Transaction) -> tuple[Domain, ...]:
    """Return this tenant's domains, oldest first."""
    return await store.domains(tx)


async def remove_domain(tx: Transaction, domain: str) -> bool:
    """Answer for a domain no more: its routes and signing keys go with it. False where it is not this tenant's."""
    return await store.delete_domain(tx, normalise_domain(domain))


async def signing_keys(tx: Transaction, domain: str, keyring: Keyring) -> tuple[SigningKey, ...]:
    """Return the keys that sign for ``domain``, RSA first; empty where it is not this tenant's.

    Raises:
        KeyringError: the master key is not the one they were wrapped under.
    """
    return tuple(
        SigningKey(domain, key.selector, key.algorithm, keyring.unwrap(dkim.purpose(domain, key.selector), key.wrapped))
        for key in await store.dkim_keys(tx, domain)
    )


async def dns_records(tx: Transaction, domain: str, *, hostname: str) -> tuple[DnsRecord, ...]:
    """Return what must be published so that mail for ``domain`` comes here and mail from it is believed.

    Raises:
        DomainMissingError: this tenant does not answer for the domain.
    """
    name = normalise_domain(domain)
    keys = await store.dkim_keys(tx, name)
    if not keys:
        raise DomainMissingError("this tenant does not answer for that domain")
    return records.records(name, hostname, [(key.selector, key.public_text) for key in keys])
