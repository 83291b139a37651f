"""The queries of access. Everything is the transaction's tenant's, but for the two look-ups that find the tenant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatepost.access.paper import Account, ApiKey, Person, Role, Scope, Tenant
from gatepost.access.secret import Presented
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId, KeyId, PersonId, TenantId
from gatepost.keys import ErasedError, KeyringError, Vault
from gatepost.mail.address import Address


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What a presented key is compared with; ``scopes`` as stored."""

    tenant: TenantId
    digest: bytes
    role: str
    scopes: tuple[str, ...]
    account: AccountId | None


async def find_key(db: Database, key: KeyId) -> KnownKey | None:
    """Return the key of that id, whoever's it is."""
    query = "select tenant, digest, role, scopes, account from lookup_api_key(%(key)s)"
    rows = await db.look_up(query, key=key)
    if not rows:
        return None
    (row,) = rows
    return KnownKey(row.tenant, row.digest, row.role, tuple(row.scopes), row.account)


async def every_tenant(db: Database, *, must_open: bool) -> tuple[Tenant, ...]:
    """Return all tenants of the house, in the order they came; where a name does not open and need not, the id.

    Raises:
        ErasedError: the key of a name is gone, and the name must open.
        KeyringError: a name does not open, and must.
    """
    rows = await db.look_up("select tenant, sealed, plan from lookup_sealed_tenants()")
    return tuple(_named(db.keys.vault(row.tenant), row, must_open=must_open) for row in rows)


def _named(vault: Vault, row: Any, *, must_open: bool) -> Tenant:
    try:
        return _tenant(vault, row)
    except (ErasedError, KeyringError):
        if must_open:
            raise
        return Tenant(TenantId(row.tenant), row.tenant, row.plan)


async def former_tenants(db: Database) -> tuple[Tenant, ...]:
    """Return the tenants of which the record alone is left; one whose name is not known has none."""
    rows = await db.look_up("select tenant, sealed, plan from lookup_former_tenants()")
    return tuple(
        _tenant(db.keys.vault(row.tenant), row) if row.sealed else Tenant(TenantId(row.tenant), "", row.plan)
        for row in rows
    )


async def insert_tenant(tx: Transaction, name: str, plan: str, at: datetime) -> bool:
    """Write the tenant the transaction is bound to; False where it is there already."""
    query = """
        insert into tenant (tenant, sealed, plan, created_at) values (%(tenant)s, %(sealed)s, %(plan)s, %(at)s)
        on conflict (tenant) do nothing
    """
    sealed = tx.vault.seal_lasting("tenant", name.encode())
    return bool(await tx.run(query, sealed=sealed, plan=plan, at=at))


async def change_plan(tx: Transaction, plan: str) -> None:
    """Put the transaction's tenant on another plan."""
    await tx.run("update tenant set plan = %(plan)s where tenant = %(tenant)s", plan=plan)


async def needs_second_person(tx: Transaction) -> bool:
    """Tell whether widening changes of the transaction's tenant need a second person."""
    row = await tx.maybe("select needs_second_person from tenant where tenant = %(tenant)s")
    return row is not None and bool(row.needs_second_person)


async def set_second_person(tx: Transaction, *, is_needed: bool) -> bool:
    """Change that; False where it is so already."""
    query = """
        update tenant set needs_second_person = %(is_needed)s
        where tenant = %(tenant)s and needs_second_person <> %(is_needed)s
    """
    return bool(await tx.run(query, is_needed=is_needed))


async def tenant(tx: Transaction) -> Tenant | None:
    """Return the transaction's tenant."""
    row = await tx.maybe("select tenant, sealed, plan from tenant where tenant = %(tenant)s")
    return _tenant(tx.vault, row) if row else None


async def tenant_since(tx: Transaction) -> datetime | None:
    """Return when the transaction's tenant came."""
    row = await tx.maybe("select created_at from tenant where tenant = %(tenant)s")
    return row.created_at if row else None


def _tenant(vault: Vault, row: Any) -> Tenant:
    return Tenant(TenantId(row.tenant), vault.open("tenant", bytes(row.sealed)).decode(), row.plan)


async def delete_tenant(tx: Transaction, at: datetime) -> bool:
    """Forget the transaction's tenant with its keys, people and accounts; name and plan are kept for its record."""
    query = """
        insert into former_tenant (tenant, sealed, plan, removed_at)
        select tenant, sealed, plan, %(at)s from tenant where tenant = %(tenant)s
        on conflict (tenant) do update
        set sealed = excluded.sealed, plan = excluded.plan, removed_at = excluded.removed_at
    """
    await tx.run(query, at=at)
    await tx.run("delete from api_key where tenant = %(tenant)s")
    await tx.run("delete from person where tenant = %(tenant)s")
    await tx.run("delete from account where tenant = %(tenant)s")
    return bool(await tx.run("delete from tenant where tenant = %(tenant)s"))


async def insert_account(tx: Transaction, address: Address, *, is_postmaster: bool, at: datetime) -> AccountId | None:
    """Write an account; None where the address has one."""
    query = """
        insert into account (tenant, sealed, address_key, is_postmaster, created_at)
        values (%(tenant)s, %(sealed)s, %(address_key)s, %(is_postmaster)s, %(at)s)
        on conflict (tenant, address_key) do nothing returning id
    """
    sealed, key = sealed_address(tx.vault, "account", address)
    row = await tx.maybe(query, sealed=sealed, address_key=key, is_postmaster=is_postmaster, at=at)
    return AccountId(row.id) if row else None


async def account(tx: Transaction, account_id: AccountId) -> Account | None:
    """Return one account."""
    query = """
        select id, tenant, address_key, sealed, is_postmaster, is_sandboxed from account
        where tenant = %(tenant)s and id = %(id)s
    """
    row = await tx.maybe(query, id=account_id)
    return _account(tx.vault, row) if row else None


async def account_at(tx: Transaction, address: Address) -> Account | None:
    """Return the account of that address."""
    query = """
        select id, tenant, address_key, sealed, is_postmaster, is_sandboxed from account
        where tenant = %(tenant)s and address_key = %(address_key)s
    """
    row = await tx.maybe(query, address_key=blind_address(tx.vault, address))
    return _account(tx.vault, row) if row else None


async def accounts(tx: Transaction) -> tuple[Account, ...]:
    """Return all accounts, in the order they came."""
    query = """
        select id, tenant, address_key, sealed, is_postmaster, is_sandboxed from account
        where tenant = %(tenant)s order by id
    """
    return tuple(_account(tx.vault, row) for row in await tx.all(query))


async def set_sandboxed(tx: Transaction, account_id: AccountId, *, is_sandboxed: bool) -> bool:
    """Put an account into its sandbox or let it out; False where there is none."""
    query = "update account set is_sandboxed = %(is_sandboxed)s where tenant = %(tenant)s and id = %(id)s"
    return bool(await tx.run(query, id=account_id, is_sandboxed=is_sandboxed))


async def delete_account(tx: Transaction, account_id: AccountId) -> bool:
    """Forget an account and, with it, the keys bound to it."""
    return bool(await tx.run("delete from account where tenant = %(tenant)s and id = %(id)s", id=account_id))


def _account(vault: Vault, row: Any) -> Account:
    address = _opened_address(vault, "account", row)
    return Account(AccountId(row.id), TenantId(row.tenant), address, row.is_postmaster, row.is_sandboxed)


def blind_address(vault: Vault, address: Address) -> str:
    """Return what an account's or a person's address is found by."""
    return vault.blind_text("address", address.key)


def sealed_address(vault: Vault, table: str, address: Address) -> tuple[bytes, str]:
    """Return an address as it lies in a table, and what it is found by."""
    key = blind_address(vault, address)
    return vault.seal_lasting(f"{table}/{key}", str(address).encode()), key


def _opened_address(vault: Vault, table: str, row: Any) -> Address:
    return Address.parse(vault.open(f"{table}/{row.address_key}", bytes(row.sealed)).decode())


async def insert_person(tx: Transaction, person: Person, at: datetime) -> bool:
    """Write a person; False where the address belongs to one."""
    query = """
        insert into person (id, tenant, sealed, address_key, role, created_at)
        values (%(id)s, %(tenant)s, %(sealed)s, %(address_key)s, %(role)s, %(at)s)
        on conflict (tenant, address_key) do nothing
    """
    sealed, key = sealed_address(tx.vault, "person", person.address)
    values = {"sealed": sealed, "address_key": key, "role": person.role, "at": at}
    return bool(await tx.run(query, id=person.id, **values))


async def people(tx: Transaction) -> tuple[Person, ...]:
    """Return all people, in the order they came."""
    query = "select id, tenant, address_key, sealed, role from person where tenant = %(tenant)s order by created_at, id"
    return tuple(_person(tx.vault, row) for row in await tx.all(query))


async def person(tx: Transaction, person_id: PersonId) -> Person | None:
    """Return one person."""
    query = """
        select id, tenant, address_key, sealed, role from person where tenant = %(tenant)s and id = %(id)s
    """
    row = await tx.maybe(query, id=person_id)
    return _person(tx.vault, row) if row else None


def _person(vault: Vault, row: Any) -> Person:
    return Person(PersonId(row.id), TenantId(row.tenant), _opened_address(vault, "person", row), Role(row.role))


async def delete_person(tx: Transaction, person: PersonId) -> bool:
    """Forget a person."""
    return bool(await tx.run("delete from person where tenant = %(tenant)s and id = %(id)s", id=person))


async def insert_key(tx: Transaction, key: ApiKey, presented: Presented) -> bool:
    """Write a key's digest; False where the account it is for is not this tenant's."""
    query = """
        insert into api_key (id, tenant, digest, role, scopes, account, person, sealed, created_at)
        select %(id)s, %(tenant)s, %(digest)s, %(role)s, %(scopes)s, %(account)s::bigint, %(person)s, %(sealed)s, %(at)s
        where %(account)s::bigint is null
           or exists (select from account where tenant = %(tenant)s and id = %(account)s)
    """
    values = {"digest": presented.digest, "role": key.role, "scopes": sorted(key.scopes), "account": key.account}
    sealed = tx.vault.seal_lasting(f"api_key/{key.id}", key.label.encode())
    return bool(await tx.run(query, id=key.id, person=key.person, sealed=sealed, at=key.created_at, **values))


async def keys(tx: Transaction) -> tuple[ApiKey, ...]:
    """Return all keys, in the order they came."""
    query = """
        select id, tenant, role, scopes, account, person, sealed, created_at from api_key
        where tenant = %(tenant)s order by created_at, id
    """
    return tuple(
        ApiKey(
            KeyId(row.id),
            TenantId(row.tenant),
            Role(row.role),
            frozenset(scope for scope in Scope if scope in row.scopes),
            AccountId(row.account) if row.account is not None else None,
            tx.vault.open(f"api_key/{row.id}", bytes(row.sealed)).decode(),
            row.created_at,
            PersonId(row.person) if row.person is not None else None,
        )
        for row in await tx.all(query)
    )


async def holder_of_key(tx: Transaction, key: KeyId) -> tuple[str, PersonId | None] | None:
    """Return what the holder of a key is, and who, where that was said; None where there is no such key."""
    row = await tx.maybe("select role, person from api_key where tenant = %(tenant)s and id = %(id)s", id=key)
    return None if row is None else (row.role, None if row.person is None else PersonId(row.person))


async def delete_key(tx: Transaction, key: KeyId) -> bool:
    """Forget a key: from the commit on it opens nothing."""
    return bool(await tx.run("delete from api_key where tenant = %(tenant)s and id = %(id)s", id=key))
