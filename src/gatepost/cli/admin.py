"""Tenants, domains, mailboxes, people and keys: what a real domain needs to receive real mail."""

import json
import shlex
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatepost import access, decide, domains
from gatepost.access.paper import Role
from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, OfMailbox, Refusal, in_tenant, one_of, read_octets, show, with_house
from gatepost.cli.menu import app
from gatepost.decide import capabilities
from gatepost.decide.written import read_document
from gatepost.ids import AccountId, PersonId, TenantId
from gatepost.journey import House
from gatepost.mail.address import Address, AddressError
from gatepost.workbench.paper import Proposal, TooManyError

T = TypeVar("T")


def group_of(name: str, text: str) -> typer.Typer:
    """Return a new group of commands."""
    group = typer.Typer(help=text, no_args_is_help=True)
    app.add_typer(group, name=name)
    return group


tenants = group_of("tenant", "Customers, each kept apart from the others.")
names = group_of("domain", "The domains this house answers for.")
mailboxes = group_of("mailbox", "The accounts that receive mail.")
people = group_of("person", "The humans of a tenant.")
seals = group_of("keys", "What everything is sealed under: the master key and the key store.")


def _asked(work: Callable[[House], Awaitable[T]]) -> T:
    return _refusing(lambda: with_house(work))


def _refusing(work: Callable[[], T]) -> T:
    try:
        return work()
    except (access.AccessError, domains.DomainError, AddressError) as error:
        raise Refusal(str(error)) from error
    except TooManyError as error:
        raise Refusal("as many as may wait for a second person already: gatepost policy proposals") from error


def for_tenant(wanted: str | None, work: Callable[[House, TenantId], Awaitable[T]]) -> T:
    """Do ``work`` for the tenant of that name or id, or for the only one."""
    return _refusing(lambda: in_tenant(wanted, work))


def say_removed(*, done: bool, what: str) -> None:
    """Say that something was removed; raises ``Refusal`` where there was none."""
    if not done:
        raise Refusal(f"there is no such {what}")
    typer.echo(f"removed the {what}")


OfTenant = Annotated[str, typer.Argument(help="The tenant's name or id.")]
OfDomain = Annotated[str, typer.Argument(help="Such as example.com.")]


@tenants.command("add")
def add_tenant(
    name: Annotated[str, typer.Argument(help="What it shall be called.")],
    plan: Annotated[
        str, typer.Option(help="How long mail and record are kept: free, developer, team, business, enterprise.")
    ] = "free",
) -> None:
    """Make a tenant."""
    made = _asked(lambda house: administer.add_tenant(house, name=name, plan=plan))
    typer.echo(f"tenant {made.name} is {made.id}; next: gatepost domain add DOMAIN --tenant {shlex.quote(made.name)}")
    typer.echo(f"it is on the plan {made.plan}: `gatepost retention show` says how long its mail is kept", err=True)


@tenants.command("plan")
def change_plan(
    name: OfTenant, plan: Annotated[str, typer.Argument(help="One that `gatepost retention show` lists.")]
) -> None:
    """Put a tenant on another PLAN; `gatepost retention show` says how long each keeps what."""
    done = for_tenant(name, lambda house, owner: administer.change_plan(house, owner, plan))
    typer.echo(f"it is on the plan {plan} now" if done else f"it was on the plan {plan} already")


@tenants.command("second-person")
def second_person(
    name: OfTenant, *, is_on: Annotated[bool, typer.Option("--on/--off", help="Whether it is needed.")] = True
) -> None:
    """Let a policy that would let in more, or might, wait for a second person; --off: no more."""
    done = for_tenant(name, lambda house, owner: administer.set_second_person(house, owner, is_needed=is_on))
    said = "needs a second person" if is_on else "needs no second person"
    typer.echo(f"what would let in more {said}{'' if done else ', as before'}")


@tenants.command("list")
def list_tenants(
    *,
    removed: Annotated[bool, typer.Option("--removed", help="Those that were removed: their record is here.")] = False,
    as_json: AsJson = False,
) -> None:
    """List every tenant."""
    listed = access.list_former if removed else access.list_tenants
    rows = [
        {"id": tenant.id, "name": tenant.name, "plan": tenant.plan}
        for tenant in with_house(lambda house: listed(house.db))
    ]
    empty = "none was removed" if removed else "no tenant yet: gatepost tenant add NAME"
    show(rows, columns=("id", "name", "plan"), as_json=as_json, empty=empty)


@tenants.command("remove")
def remove_tenant(name: OfTenant) -> None:
    """Forget a tenant with its keys, people and mailboxes; its record stays, by its plan and under its id."""
    for_tenant(name, administer.remove_tenant)
    say_removed(done=True, what="tenant")


@names.command("add")
def add_domain(domain: OfDomain, tenant: ForTenant = None) -> None:
    """Answer for a domain, and print the DNS records to publish."""

    async def work(house: House, owner: TenantId) -> None:
        await administer.add_domain(house, owner, domain)

    for_tenant(tenant, work)
    domain_records(domain, tenant=tenant)


@names.command("list")
def list_domains(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a tenant's domains."""

    async def work(house: House, owner: TenantId) -> list[dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            return [{"domain": one.name, "added": one.added_at} for one in await domains.list_domains(tx)]

    rows = for_tenant(tenant, work)
    show(rows, columns=("domain", "added"), as_json=as_json, empty="no domain yet: gatepost domain add DOMAIN")


@names.command("records")
def domain_records(domain: OfDomain, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """Print the DNS records to publish for a domain; whose it is need not be said."""

    async def work(house: House) -> list[dict[str, Any]]:
        if tenant is not None:
            owner = (await administer.find_tenant(house, tenant)).id
        elif (found := await administer.owner_of(house, domain)) is not None:
            owner = found
        else:
            raise Refusal("no tenant of this house answers for that domain: gatepost domain add DOMAIN")
        async with house.db.transaction(owner) as tx:
            records = await domains.dns_records(tx, domain, hostname=house.hostname)
        return [{"name": one.name, "rdtype": one.rdtype, "text": one.text} for one in records]

    rows = _asked(work)
    if as_json:
        show(rows, columns=(), as_json=True, empty="")
        return
    # As a zone file spells them, each on one line however narrow the terminal: a folded key is no key.
    typer.echo("\n\n".join(f"{row['name']} IN {row['rdtype']} {row['text']}" for row in rows))


@names.command("remove")
def remove_domain(domain: OfDomain, tenant: ForTenant = None) -> None:
    """Answer for a domain no more; its routes and signing keys go with it."""
    say_removed(
        done=for_tenant(tenant, lambda house, owner: administer.remove_domain(house, owner, domain)), what="domain"
    )


@mailboxes.command("add")
def add_mailbox(
    address: Annotated[str, typer.Argument(help="Such as agent@example.com.")], tenant: ForTenant = None
) -> None:
    """Make a mailbox for an address of one of the tenant's domains."""
    made = for_tenant(tenant, lambda house, owner: administer.add_mailbox(house, owner, Address.parse(address)))
    typer.echo(f"mailbox {made.address} is {made.id}; it refuses all mail until it has a policy:")
    typer.echo(f"PUT /v1/mailboxes/{made.id}/policy, or gatepost policy set {made.id} FILE")


@mailboxes.command("list")
def list_mailboxes(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a tenant's mailboxes."""

    async def work(house: House, owner: TenantId) -> list[dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            found = await access.list_accounts(tx)
        return [{"id": one.id, "address": str(one.address), "postmaster": one.is_postmaster} for one in found]

    rows = for_tenant(tenant, work)
    show(rows, columns=("id", "address", "postmaster"), as_json=as_json, empty="none yet: gatepost mailbox add ADDRESS")


@mailboxes.command("sandbox")
def sandbox_mailbox(mailbox_id: OfMailbox, tenant: ForTenant = None) -> None:
    """Put a mailbox into its sandbox: whatever its agent sends waits for a person."""
    set_sandboxed(mailbox_id, tenant, is_sandboxed=True)


@mailboxes.command("promote")
def promote_mailbox(mailbox_id: OfMailbox, tenant: ForTenant = None) -> None:
    """Let a mailbox out of its sandbox."""
    set_sandboxed(mailbox_id, tenant, is_sandboxed=False)


def set_sandboxed(mailbox_id: int, tenant: str | None, *, is_sandboxed: bool) -> None:
    """Do either, and say so."""
    account = AccountId(mailbox_id)
    try:
        done = for_tenant(
            tenant, lambda house, owner: administer.set_sandboxed(house, owner, account, is_sandboxed=is_sandboxed)
        )
    except PermissionError:
        raise Refusal(
            "this tenant wants a second person: two say yes to what the agent asks for (gatepost petition approve), or"
            " take that back first (gatepost tenant second-person NAME --off)"
        ) from None
    if not done:
        raise Refusal("there is no such mailbox")
    typer.echo("whatever it sends waits for a person" if is_sandboxed else "it sends what its policy allows")


@mailboxes.command("remove")
def remove_mailbox(mailbox_id: OfMailbox, tenant: ForTenant = None) -> None:
    """Close a mailbox: no address leads there any more."""
    done = for_tenant(tenant, lambda house, owner: administer.remove_mailbox(house, owner, AccountId(mailbox_id)))
    say_removed(done=done, what="mailbox")


@people.command("add")
def add_person(
    address: Annotated[str, typer.Argument(help="Where they read mail.")],
    role: Annotated[
        Role, typer.Option(help=one_of(Role, "What the person is to the tenant."), show_choices=False)
    ] = Role.AUDITOR,
    tenant: ForTenant = None,
) -> None:
    """Let a human in."""
    made = for_tenant(tenant, lambda house, owner: administer.add_person(house, owner, Address.parse(address), role))
    typer.echo(f"person {made.id} is {made.role}")


@people.command("list")
def list_people(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a tenant's people."""

    async def work(house: House, owner: TenantId) -> list[dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            found = await access.list_people(tx)
        return [{"id": one.id, "address": str(one.address), "role": one.role.value} for one in found]

    rows = for_tenant(tenant, work)
    show(rows, columns=("id", "address", "role"), as_json=as_json, empty="none yet: gatepost person add ADDRESS")


@people.command("remove")
def remove_person(
    person_id: Annotated[str, typer.Argument(help="As gatepost person list names them.")], tenant: ForTenant = None
) -> None:
    """Shut a human out."""
    done = for_tenant(tenant, lambda house, owner: administer.remove_person(house, owner, PersonId(person_id)))
    say_removed(done=done, what="person")


PolicyFor = Annotated[int, typer.Argument(help="The mailbox's number; 0: above all mailboxes of the tenant.")]
OfVersion = Annotated[int, typer.Argument(help="As gatepost policy history numbers it.")]


def _why(text: str) -> str:
    try:
        decide.check_why(text)
    except decide.PolicyError as error:
        raise Refusal(f"--{error.errors[0]}") from error
    return text


Why = Annotated[str, typer.Option(help="What the change is for; stays with the version.", callback=_why)]
policies = group_of("policy", "What may happen to a mailbox's mail.")


@policies.command("set")
def set_policy(
    mailbox_id: PolicyFor,
    file: Annotated[
        Path,
        typer.Argument(help="A policy, in JSON or YAML; - reads standard input.", metavar="FILE", show_default=False),
    ],
    tenant: ForTenant = None,
    *,
    why: Why = "",
) -> None:
    """Put the policy in FILE (JSON or YAML) in force for a mailbox, or above all of the tenant's."""
    try:
        document = read_document(read_octets(file))
        came = for_tenant(
            tenant, lambda house, owner: administer.set_policy(house, owner, AccountId(mailbox_id), document, why=why)
        )
    except decide.PolicyError as error:
        raise Refusal("the document is not a policy:\n  " + "\n  ".join(error.errors)) from error
    if isinstance(came, Proposal):
        typer.echo(waits(came))
        return
    typer.echo(f"version {came.version} is in force, digest {came.digest}")
    warn(came.warnings)


def warn(warnings: Iterable[str]) -> None:
    """Print a policy's warnings; of a capability that nobody knows also the one it is a slip of."""
    for warning in warnings:
        _, _, name = warning.partition(":")
        near = capabilities.nearest_to(name)
        typer.echo(f"warning: {warning}" + (f", the nearest is {near}" if near else ""), err=True)


def waits(proposal: Proposal) -> str:
    """Say that a policy waits for a second person, and why."""
    return (
        f"proposal {proposal.id} waits for a second person ({proposal.verdict.value}: {proposal.doubt});"
        " see gatepost policy proposals"
    )


@policies.command("revoke")
def revoke_policy(mailbox_id: OfMailbox, version: OfVersion, tenant: ForTenant = None) -> None:
    """Make what one version of a mailbox's policy granted worthless, for ever; kept mail stays readable."""
    if mailbox_id == decide.TENANT_WIDE:
        raise Refusal("a policy above the mailboxes grants nothing by itself: revoke versions of the mailboxes' own")
    try:
        done = for_tenant(
            tenant, lambda house, owner: administer.revoke_policy(house, owner, AccountId(mailbox_id), version)
        )
    except LookupError as error:
        raise Refusal(f"there is no version {version}: gatepost policy history {mailbox_id}") from error
    if not done:
        raise Refusal("that version was revoked already")
    typer.echo(f"the grants of version {version} count no more")


@policies.command("show")
def show_policy(mailbox_id: PolicyFor, tenant: ForTenant = None) -> None:
    """Print the policy in force for a mailbox, or the one above all of the tenant's."""

    async def work(house: House, owner: TenantId) -> decide.Stored | None:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox_id))
            return await decide.get_policy(tx, AccountId(mailbox_id))

    stored = for_tenant(tenant, work)
    if stored is None:
        is_wide = mailbox_id == decide.TENANT_WIDE
        raise Refusal(
            "no policy stands above the mailboxes" if is_wide else "that mailbox has no policy: it refuses all mail"
        )
    typer.echo(json.dumps(stored.document, indent=2))


@seals.command("rotate")
def rotate_keys() -> None:
    """Put a new master key in force. Nothing that is sealed changes; a copy of the old key opens no later key store."""
    count = with_house(administer.rotate_keys)
    typer.echo(f"{count} keys are wrapped under a new master key: back up the key folder now")


@seals.command("accept")
def accept_keys() -> None:
    """Go on with an older copy of the key store where no newer one is left; what its lost keys sealed stays sealed."""
    lost = with_house(administer.accept_keys, older_keys=True)
    if not lost:
        raise Refusal("the key store has lost no key that the database knows of: there is nothing to accept")
    typer.echo(f"accepted: what was sealed under the {lost} or more lost keys stays unreadable; back up the key folder")


@seals.command("list")
def list_keys_of_the_store(*, as_json: AsJson = False) -> None:
    """List how many keys each tenant has of each kind; no key is shown."""

    async def count(house: House) -> list[dict[str, Any]]:
        return [
            {"tenant": tenant or "the house", "kind": kind.value, "count": number}
            for (tenant, kind), number in house.db.keys.counts().items()
        ]

    show(with_house(count), columns=("tenant", "kind", "count"), as_json=as_json, empty="no key yet")
