"""Administrative acts that touch several rooms: done and recorded in one transaction each.

Every act leaves one leaf with ids only; what a person would recognise (an address, a name) is committed to, not shown.
"""

from collections.abc import Mapping

from gatepost import access, decide, domains, record
from gatepost.access.paper import HOUSE_PLAN, Account, ApiKey, Person, Role, Scope, Tenant
from gatepost.db import Transaction
from gatepost.deliver import ask
from gatepost.domains.paper import Domain
from gatepost.ids import AccountId, KeyId, PersonId, ProposalId, TenantId
from gatepost.journey import House
from gatepost.mail.address import Address, normalise_domain
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.record.trust_log import TRUST
from gatepost.record.word_store import Place
from gatepost.upkeep.admitted_store import row_digest
from gatepost.workbench import Bench, change
from gatepost.workbench.change import Wish
from gatepost.workbench.paper import Proposal
from gatepost.workbench.proposal import Ruling, put_or_propose, rule

OPERATOR = "operator"
"""Who acts from the command line: whoever may read the state folder."""


async def _note(
    tx: Transaction,
    house: House,
    action: str,
    object_ref: str,
    *,
    public: Mapping[str, Json] | None = None,
    private: Mapping[str, Json] | None = None,
) -> None:
    act = Consequence(
        kind=Kind.ACT,
        action=action,
        actor=OPERATOR,
        at=house.clock(),
        object_ref=object_ref,
        public=public or {},
        private=private or {},
    )
    await record.note(tx, act, entropy=house.entropy)


async def note_act(
    house: House,
    tenant: TenantId,
    action: str,
    *,
    public: Mapping[str, Json],
    private: Mapping[str, Json] | None = None,
) -> Place:
    """Record what the operator did to one tenant's data; return the entry's place."""
    at = house.clock()
    act = Consequence(kind=Kind.ACT, action=action, actor=OPERATOR, at=at, public=public, private=private or {})
    async with house.db.transaction(tenant) as tx:
        return Place(at, await record.note(tx, act, entropy=house.entropy))


async def note_house(house: House, action: str, public: Mapping[str, Json]) -> bool:
    """Record what was done to the house as a whole, such as a reload, in the record of its first tenant: the operator.

    A house without a tenant has no record, and nothing to serve: then return False.
    """
    every = await access.list_tenants(house.db)
    if not every:
        return False
    await note_act(house, every[0].id, action, public=public)
    return True


async def owner_of(house: House, domain: str) -> TenantId | None:
    """Return the tenant that answers for a domain, as anybody may spell it; None where none does.

    Raises:
        AddressError: it is no domain name.
    """
    return await domains.tenant_of(house.db, normalise_domain(domain))


async def find_tenant(house: House, wanted: str | None, *, may_be_former: bool = False) -> Tenant:
    """Return the tenant with this id or name; the only one there is where nothing is wanted.

    ``trust`` names the public trust log, which is verified and exported as any tenant's. With ``may_be_former`` one
    that was removed is found as well, for its record is still here; one that is here goes first. One whose key does not
    open is found by its id: what is to be done for others, and to verify its record, is done all the same.

    Raises:
        AccessError: none, or more than one.
    """
    if wanted == TRUST:
        return Tenant(TRUST, "public trust log", HOUSE_PLAN)
    every = await access.list_tenants(house.db, must_open=False)
    if wanted is None:
        every = tuple(tenant for tenant in every if tenant.plan != HOUSE_PLAN)
    found = [tenant for tenant in every if wanted in {None, tenant.id, tenant.name}]
    if wanted and not found and may_be_former:
        found = [tenant for tenant in await access.list_former(house.db) if wanted in {tenant.id, tenant.name}]
    if len(found) == 1:
        return found[0]
    if not every:
        raise access.AccessError("there is no tenant yet: gatepost tenant add NAME")
    names = ", ".join(f"{tenant.name} ({tenant.id})" for tenant in found or every)
    if wanted is not None and not found:
        raise access.AccessError(f"no tenant has that name or id; there are: {names}")
    raise access.AccessError(f"name one tenant with --tenant, by its id where names are alike: {names}")


async def _taken_names(house: House) -> set[str]:
    return {TRUST, *(tenant.name for tenant in await access.list_tenants(house.db))}


async def rotate_keys(house: House) -> int:
    """Note it in every tenant's record, and put a new master key in force; return how many keys were wrapped anew.

    The key store is no part of a transaction, so the entries come first: no key is in force that none of them names.
    One that did not come into force after all, as after a kill, is told by the next, which has the same number.

    Raises:
        KeyringError: the key store cannot be read or written; what was in force still is.
    """
    keys = house.db.keys
    for tenant in await access.list_tenants(house.db):
        async with house.db.transaction(tenant.id) as tx:
            await _note(tx, house, "keys.rotate", f"rotation/{keys.rotations + 1}")
    return keys.rotate()


async def accept_keys(house: House) -> int:
    """Go on with a key store that has lost keys, having noted it in every tenant's record; return how many it lacks.

    As with ``rotate_keys``, the entries come first. 0 where the store has lost none, and nothing is done.

    Raises:
        KeyringError: the key store cannot be read or written.
    """
    lost = await house.db.note_keys()
    if not lost:
        return 0
    for tenant in await access.list_tenants(house.db, must_open=False):
        async with house.db.transaction(tenant.id) as tx:
            await _note(tx, house, "keys.accept", f"store/{house.db.keys.id}", public={"lost": lost})
    house.db.keys.pass_over(lost)
    await house.db.note_keys()
    return lost


async def add_tenant(house: House, *, name: str, plan: str, identifier: TenantId | None = None) -> Tenant:
    """Make a tenant, with an id of its own unless one is given.

    Raises:
        TakenError: that id is another's, or the name: commands call a tenant by it.
    """
    if identifier is None and name.strip() in await _taken_names(house):
        raise access.TakenError("there is a tenant of that name already: gatepost tenant list")
    identifier = identifier or access.new_tenant(house.entropy)
    async with house.db.transaction(identifier) as tx:
        made = await access.add_tenant(tx, name=name, plan=plan, at=house.clock())
        await _note(tx, house, "tenant.add", made.id, public={"plan": plan}, private={"name": name})
    return made


async def change_plan(house: House, tenant: TenantId, plan: str) -> bool:
    """Put a tenant on another plan: how long its mail and record can be read follows within the hour.

    False where it is on that plan already.

    Raises:
        AccessError: the plan's name is no plain name.
    """
    async with house.db.transaction(tenant) as tx:
        was = await access.change_plan(tx, plan)
        if was is None or was == plan:
            return False
        await _note(tx, house, "tenant.plan", tenant, public={"plan": plan, "was": was})
    return True


async def remove_tenant(house: House, tenant: TenantId) -> None:
    """Forget a tenant with its keys, people and accounts; its record stays.

    Raises:
        AccessError: it still answers for a domain.
    """
    async with house.db.transaction(tenant) as tx:
        if await domains.list_domains(tx):
            raise access.AccessError("the tenant still answers for domains: remove them first")
        await access.remove_tenant(tx, at=house.clock())
        await _note(tx, house, "tenant.remove", tenant)


async def add_domain(house: House, tenant: TenantId, name: str) -> Domain:
    """Answer for a domain: its postmaster's account, its signing keys, the route of its postmaster."""
    postmaster = Address.parse(f"postmaster@{name}")
    async with house.db.transaction(tenant) as tx:
        account = await access.account_at(tx, postmaster)
        if account is None:
            account = await access.add_account(tx, postmaster, at=house.clock(), is_postmaster=True)
        made = await domains.add_domain(
            tx, name, postmaster=account.id, keyring=house.keyring, at=house.clock(), entropy=house.entropy
        )
        await _note(tx, house, "domain.add", made.name, private={"row": await row_digest(tx, "domain", made.name)})
    return made


async def remove_domain(house: House, tenant: TenantId, name: str) -> bool:
    """Answer for a domain no more."""
    async with house.db.transaction(tenant) as tx:
        done = await domains.remove_domain(tx, name)
        if done:
            await _note(tx, house, "domain.remove", name)
    return done


async def add_mailbox(house: House, tenant: TenantId, address: Address) -> Account:
    """Make an account and lead its address to it."""
    async with house.db.transaction(tenant) as tx:
        made = await access.add_account(tx, address, at=house.clock())
        await domains.add_route(tx, address, made.id)
        private: dict[str, Json] = {"address": str(address), "row": await row_digest(tx, "mailbox", str(made.id))}
        await _note(tx, house, "mailbox.add", str(made.id), private=private)
    return made


async def set_sandboxed(house: House, tenant: TenantId, account: AccountId, *, is_sandboxed: bool) -> bool:
    """Put an account into its sandbox, or let it out; False where there is none.

    Raises:
        PermissionError: the tenant wants two people for a way out, and the operator is one.
    """
    async with house.db.transaction(tenant) as tx:
        if not is_sandboxed and await access.needs_second_person(tx):
            raise PermissionError(account)
        done = await access.set_sandboxed(tx, account, is_sandboxed=is_sandboxed)
        if done:
            await _note(tx, house, "mailbox.sandbox" if is_sandboxed else "mailbox.promote", str(account))
    return done


async def revoke_policy(house: House, tenant: TenantId, account: AccountId, version: int) -> bool:
    """Make the grants of one policy version worthless; False where they are already.

    Raises:
        LookupError: there is no such version.
    """
    async with house.db.transaction(tenant) as tx:
        done = await decide.revoke_policy(tx, account, version, at=house.clock(), actor=KeyId(OPERATOR))
        if done:
            await _note(tx, house, "policy.revoke", f"{account}/{version}")
    return done


async def remove_mailbox(house: House, tenant: TenantId, account: AccountId) -> bool:
    """Close an account: no address leads there any more."""
    async with house.db.transaction(tenant) as tx:
        await domains.remove_routes_to(tx, account)
        done = await access.remove_account(tx, account)
        if done:
            await _note(tx, house, "mailbox.remove", str(account))
    return done


async def add_person(house: House, tenant: TenantId, address: Address, role: Role) -> Person:
    """Let a human in.

    Raises:
        AccessError: their mail ends in a mailbox of this house, where an agent would rule with the links it is mailed.
    """
    if await ask.is_mailbox(house.db, address):
        raise access.AccessError(
            "that address leads to a mailbox of this house, which agents read: name a person's own"
        )
    async with house.db.transaction(tenant) as tx:
        made = await access.add_person(tx, address, role, at=house.clock(), entropy=house.entropy)
        private: dict[str, Json] = {"address": str(address), "row": await row_digest(tx, "person", made.id)}
        await _note(tx, house, "person.add", made.id, public={"role": role.value}, private=private)
    return made


async def remove_person(house: House, tenant: TenantId, person: PersonId) -> bool:
    """Shut a human out."""
    async with house.db.transaction(tenant) as tx:
        done = await access.remove_person(tx, person)
        if done:
            await _note(tx, house, "person.remove", person)
    return done


async def add_key(
    house: House,
    tenant: TenantId,
    role: Role,
    *,
    label: str,
    scopes: frozenset[Scope] | None = None,
    account: AccountId | None = None,
    person: Address | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; its text is in the answer and nowhere else.

    Raises:
        AccessError: nobody of the tenant has the address ``person``; or as ``access.add_key``.
    """
    async with house.db.transaction(tenant) as tx:
        made, text = await access.add_key(
            tx,
            role,
            label=label,
            at=house.clock(),
            entropy=house.entropy,
            scopes=scopes,
            account=account,
            person=None if person is None else await access.person_at(tx, person),
        )
        public: dict[str, Json] = {"role": role.value, "scopes": [scope.value for scope in sorted(made.scopes)]}
        private: dict[str, Json] = {
            "label": label,
            "person": made.person or "",
            "row": await row_digest(tx, "key", made.id),
        }
        await _note(tx, house, "key.add", made.id, public=public, private=private)
    return made, text


async def remove_key(house: House, tenant: TenantId, key: KeyId) -> bool:
    """Make a key worthless."""
    async with house.db.transaction(tenant) as tx:
        done = await access.remove_key(tx, key)
        if done:
            await _note(tx, house, "key.remove", key)
    return done


async def set_second_person(house: House, tenant: TenantId, *, is_needed: bool) -> bool:
    """Say whether a policy that lets in more needs a second person; False where that was said already."""
    async with house.db.transaction(tenant) as tx:
        done = await access.set_second_person(tx, is_needed=is_needed)
        if done:
            await _note(tx, house, "tenant.second_person", tenant, public={"is_needed": is_needed})
    return done


async def check_mailbox(tx: Transaction, account: AccountId) -> None:
    """Raise ``AccessError`` where the tenant has no such mailbox; ``TENANT_WIDE`` stands for all of them."""
    if account != decide.TENANT_WIDE and await access.account(tx, account) is None:
        raise access.AccessError("there is no such mailbox: gatepost mailbox list")


async def set_policy(
    house: House, tenant: TenantId, account: AccountId, document: object, *, why: str = ""
) -> decide.Stored | Proposal:
    """Put a policy in force from the command line, or propose it.

    Raises:
        AccessError: the tenant has no such account.
        PolicyError: the document is not a policy.
        TooManyError: too many wait for a second person.
    """
    async with house.db.transaction(tenant) as tx:
        await check_mailbox(tx, account)
    wish = Wish(account=account, document=document, actor=KeyId(OPERATOR), why=why)
    return await put_or_propose(house, tenant, wish, Bench())


async def roll_back_policy(
    house: House, tenant: TenantId, account: AccountId, version: int, *, why: str = ""
) -> decide.Stored | Proposal:
    """Put an earlier version in force again, as a new one, or propose it.

    Raises:
        AccessError: the tenant has no such account.
        LookupError: there is no such version.
        PolicyError: it is none to this release.
        TooManyError: too many wait for a second person.
    """
    async with house.db.transaction(tenant) as tx:
        await check_mailbox(tx, account)
        wish = await change.wish_back(tx, account, version, actor=KeyId(OPERATOR), why=why)
    return await put_or_propose(house, tenant, wish, Bench())


async def rule_on_policy(
    house: House, tenant: TenantId, proposal: ProposalId, digest: str | None, *, without_replay: bool = False
) -> Proposal:
    """Approve a proposal as the operator, who saw that digest; or refuse it (None). Raises as ``proposal.rule``."""
    ruling = Ruling(is_approved=digest is not None, by=KeyId(OPERATOR), digest=digest, without_replay=without_replay)
    async with house.db.transaction(tenant) as tx:
        return await rule(tx, house, proposal, ruling)
