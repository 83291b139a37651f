"""The queries of domains. Everything is the transaction's tenant's, but for the two look-ups that find the tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gatepost.db import Database, Transaction
from gatepost.domains.paper import Destination, Domain, Route
from gatepost.ids import AccountId, TenantId
from gatepost.keys import Vault
from gatepost.mail.address import Address


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A DKIM key as the table keeps it: the private half wrapped, the public half as its TXT record says it."""

    selector: str
    algorithm: str
    wrapped: bytes = field(repr=False)
    public_text: str


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who answers for a domain and who is its postmaster."""

    tenant: TenantId
    postmaster: AccountId


def blind_route(vault: Vault, key: str) -> str:
    """Return what a route is found by, before it is known whose it is: a token of the house's own."""
    return vault.blind_text("route", key)


async def find_routes(db: Database, each: Sequence[Sequence[str]]) -> list[Destination | None]:
    """Return of each address, one or two keys, where the first that has a route leads, whoever's it is."""
    query = """
        select found.tenant, found.account
        from unnest(%(firsts)s::text[], %(lasts)s::text[]) with ordinality as given (first, last, number)
          left join lateral lookup_route(array[given.first, given.last]) as found on true
        order by given.number
    """
    vault = db.keys.vault(None)  # whose route it is, only the answer says
    rows = await db.look_up(
        query,
        firsts=[blind_route(vault, keys[0]) for keys in each],
        lasts=[blind_route(vault, keys[-1]) for keys in each],
    )
    return [None if row.tenant is None else Destination(TenantId(row.tenant), AccountId(row.account)) for row in rows]


async def find_domain(db: Database, name: str | None) -> Ownership | None:
    """Return who answers for a domain, or for the house's first domain."""
    rows = await db.look_up("select tenant, postmaster from lookup_domain(%(name)s)", name=name)
    return Ownership(TenantId(rows[0].tenant), AccountId(rows[0].postmaster)) if rows else None


async def has_domain(db: Database, *, own_plan: str, sandbox: str) -> bool:
    """Tell whether the house answers for a domain that it did not make itself."""
    query = "select lookup_any_domain(%(own_plan)s, %(sandbox)s) as found"
    (row,) = await db.look_up(query, own_plan=own_plan, sandbox=sandbox)
    return bool(row.found)


async def insert_domain(tx: Transaction, domain: Domain) -> bool:
    """Write a domain; False where any tenant has it."""
    query = """
        insert into domain (name, tenant, postmaster, added_at)
        values (%(name)s, %(tenant)s, %(postmaster)s, %(at)s) on conflict (name) do nothing
    """
    return bool(await tx.run(query, name=domain.name, postmaster=domain.postmaster, at=domain.added_at))


async def domains(tx: Transaction) -> tuple[Domain, ...]:
    """Return the tenant's domains, in the order they came."""
    query = "select name, tenant, postmaster, added_at from domain where tenant = %(tenant)s order by position"
    return tuple(
        Domain(row.name, TenantId(row.tenant), AccountId(row.postmaster), row.added_at) for row in await tx.all(query)
    )


async def is_postmaster(tx: Transaction, account: AccountId) -> bool:
    """Return whether a domain of the tenant has this account for its postmaster."""
    query = "select from domain where tenant = %(tenant)s and postmaster = %(account)s limit 1"
    return await tx.maybe(query, account=account) is not None


async def delete_domain(tx: Transaction, name: str) -> bool:
    """Forget a domain with its routes and keys."""
    return bool(await tx.run("delete from domain where tenant = %(tenant)s and name = %(name)s", name=name))


def insert_dkim_keys(tx: Transaction, domain: Domain, keys: Sequence[StoredKey]) -> None:
    """Write a domain's signing keys."""
    query = """
        insert into dkim_key (tenant, domain, selector, algorithm, wrapped, public_text, created_at)
        values (%(tenant)s, %(domain)s, %(selector)s, %(algorithm)s, %(wrapped)s, %(public_text)s, %(at)s)
    """
    for key in keys:
        tx.send(
            query,
            domain=domain.name,
            selector=key.selector,
            algorithm=key.algorithm,
            wrapped=key.wrapped,
            public_text=key.public_text,
            at=domain.added_at,
        )


async def dkim_keys(tx: Transaction, domain: str) -> tuple[StoredKey, ...]:
    """Return a domain's signing keys, RSA first: what every verifier understands."""
    query = """
        select selector, algorithm, wrapped, public_text from dkim_key
        where tenant = %(tenant)s and domain = %(domain)s order by algorithm desc, selector
    """
    return tuple(
        StoredKey(row.selector, row.algorithm, row.wrapped, row.public_text)
        for row in await tx.all(query, domain=domain)
    )


@dataclass(frozen=True, slots=True)
class RouteWritten:
    """What became of an attempt to write a route."""

    is_ours: bool
    is_made: bool


async def insert_route(tx: Transaction, route: Route, key: str) -> RouteWritten:
    """Write a route to one of the tenant's own domains."""
    query = """
        with ours as (
          select name from domain where tenant = %(tenant)s and name = %(domain)s
        ), made as (
          insert into route (address_key, tenant, sealed, domain, account)
          select %(token)s, %(tenant)s, %(sealed)s, name, %(account)s from ours
          on conflict (address_key) do nothing returning address_key
        )
        select exists (select from ours) as is_ours, exists (select from made) as is_made
    """
    token = blind_route(tx.house_vault, key)
    sealed = tx.vault.seal_lasting(f"route/{token}", str(route.address).encode())
    row = await tx.one(query, token=token, sealed=sealed, domain=route.address.domain, account=route.account)
    return RouteWritten(row.is_ours, row.is_made)


async def routes(tx: Transaction) -> tuple[Route, ...]:
    """Return the tenant's routes, by domain and address."""
    found = [
        Route(
            Address.parse(tx.vault.open(f"route/{row.address_key}", bytes(row.sealed)).decode()), AccountId(row.account)
        )
        for row in await tx.all("select address_key, sealed, account from route where tenant = %(tenant)s")
    ]
    return tuple(sorted(found, key=lambda route: (route.address.domain, route.address.key)))


async def delete_route(tx: Transaction, key: str) -> bool:
    """Forget one route."""
    query = "delete from route where tenant = %(tenant)s and address_key = %(token)s"
    return bool(await tx.run(query, token=blind_route(tx.house_vault, key)))


async def delete_routes_to(tx: Transaction, account: AccountId) -> int:
    """Forget every route to an account."""
    return await tx.run("delete from route where tenant = %(tenant)s and account = %(account)s", account=account)
