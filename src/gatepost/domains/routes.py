"""Where an address leads."""

from collections.abc import Sequence

from gatepost.db import Database, Transaction
from gatepost.domains import store
from gatepost.domains.paper import Destination, DomainError, DomainMissingError, Route, RouteTakenError
from gatepost.ids import AccountId, TenantId
from gatepost.mail.address import Address, fold_local

_POSTMASTER = "postmaster"


def lookup_keys(address: Address) -> tuple[str, ...]:
    """Return the keys to look for, best first: the whole address, then without its ``+tag`` (RFC 5233 subaddress)."""
    local = fold_local(address.local)
    whole = f"{local}@{address.domain}"
    user, plus, _ = local.partition("+")
    if not plus or not user or local.startswith('"'):
        return (whole,)
    return whole, f"{user}@{address.domain}"


async def route(db: Database, address: Address | None) -> Destination | None:
    """Return where ``address`` leads; None where nobody is there. ``None`` asks for the bare ``postmaster``.

    Every domain of ours has a postmaster, whatever routes exist (RFC 5321 section 4.5.1); the bare one is that of the
    house's first domain.
    """
    if address is not None and not is_postmasters(address):
        (found,) = await routes(db, [address])
        return found
    if address is not None and _is_literal(address.domain):
        return None
    owned = await store.find_domain(db, address.domain if address else None)
    return Destination(owned.tenant, owned.postmaster, is_postmaster=True) if owned else None


async def routes(db: Database, addresses: Sequence[Address]) -> list[Destination | None]:
    """Return where each address leads, as ``route`` does, in one question; none of them is a postmaster's."""
    # We answer for names, not for addresses.
    asked = [address for address in addresses if not _is_literal(address.domain)]
    found = dict(zip(asked, await store.find_routes(db, [*map(lookup_keys, asked)]) if asked else [], strict=True))
    return [found.get(address) for address in addresses]


def is_postmasters(address: Address) -> bool:
    """Return whether mail for this address goes where its domain was told to send it, whatever routes exist."""
    return fold_local(address.local) == _POSTMASTER


async def tenant_of(db: Database, domain: str) -> TenantId | None:
    """Return the tenant that answers for ``domain``, or None: then mail to it would be relaying.

    Args:
        db: the house's database.
        domain: lowercase A-labels, as in ``Address.domain``. A subdomain of ours is not ours.
    """
    if _is_literal(domain):
        return None
    owned = await store.find_domain(db, domain)
    return owned.tenant if owned else None


async def is_given_domain(db: Database, *, own_plan: str, sandbox: str) -> bool:
    """Tell whether anybody gave this house a domain; one without does not know whose mail it should refuse.

    Args:
        db: the house's database.
        own_plan: that of tenants whose domains the house made itself.
        sandbox: the domain to try things out with.
    """
    return await store.has_domain(db, own_plan=own_plan, sandbox=sandbox)


async def add_route(tx: Transaction, address: Address, account: AccountId) -> Route:
    """Lead mail for ``address`` to an account of the same tenant.

    Raises:
        DomainMissingError: the domain is not this tenant's.
        RouteTakenError: the address leads somewhere already, as a domain's postmaster always does.
    """
    if is_postmasters(address):
        raise RouteTakenError("the postmaster's mail goes where the domain was told to send it")
    made = Route(address, account)
    written = await store.insert_route(tx, made, lookup_keys(address)[0])
    if not written.is_ours:
        raise DomainMissingError("this tenant does not answer for that domain: add the domain first")
    if not written.is_made:
        raise RouteTakenError("that address leads to an account already")
    return made


async def list_routes(tx: Transaction) -> tuple[Route, ...]:
    """Return this tenant's routes, by domain and address."""
    return await store.routes(tx)


async def remove_route(tx: Transaction, address: Address) -> bool:
    """Lead mail for ``address`` nowhere; False where it led nowhere before."""
    return await store.delete_route(tx, lookup_keys(address)[0])


async def remove_routes_to(tx: Transaction, account: AccountId) -> int:
    """Remove every route to an account that is to go; return how many there were.

    Raises:
        DomainError: a domain has the account for its postmaster, and a domain is never without.
    """
    if await store.is_postmaster(tx, account):
        raise DomainError("a domain has this account for its postmaster: remove the domain first")
    return await store.delete_routes_to(tx, account)


def _is_literal(domain: str) -> bool:
    return domain.startswith("[")
