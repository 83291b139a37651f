"""API keys: made for whom, listed, made worthless."""

from typing import Annotated, Any

import typer

from gatepost import access
from gatepost.access.paper import ApiKey, Role, Scope
from gatepost.app import administer
from gatepost.cli.admin import for_tenant, group_of, say_removed
from gatepost.cli.frame import AsJson, ForTenant, one_of, show
from gatepost.ids import AccountId, KeyId, TenantId
from gatepost.journey import House
from gatepost.mail.address import Address

keys = group_of("key", "API keys, for people's tools and for agents.")


@keys.command("add")
def add_key(
    role: Annotated[Role, typer.Option(help=one_of(Role, "What its holder is to the tenant."), show_choices=False)],
    label: Annotated[str, typer.Option(help="A name to recognise it by.")] = "key",
    mailbox_id: Annotated[int | None, typer.Option("--mailbox", help="The only mailbox it may touch.")] = None,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help=one_of(Scope, "Give only this scope; repeat for several."), show_choices=False),
    ] = None,
    person: Annotated[str | None, typer.Option(help="The address of whose it is (gatepost person list).")] = None,
    tenant: ForTenant = None,
) -> None:
    """Make a key. It is printed this once.

    With --person nobody approves with it what they wrote or proposed
    themselves, by whichever of their keys.
    """

    async def work(house: House, owner: TenantId) -> tuple[ApiKey, str]:
        return await administer.add_key(
            house,
            owner,
            role,
            label=label,
            scopes=frozenset(scope) if scope else None,
            account=None if mailbox_id is None else AccountId(mailbox_id),
            person=None if person is None else Address.parse(person),
        )

    made, text = for_tenant(tenant, work)
    typer.echo(f"key {made.id}, shown this once:", err=True)
    typer.echo(text)


@keys.command("list")
def list_keys(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a tenant's keys, never their secrets."""

    async def work(house: House, owner: TenantId) -> list[dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            found = await access.list_keys(tx)
        return [
            {
                "id": one.id,
                "role": one.role.value,
                "label": one.label,
                "mailbox": one.account or "all",
                "person": one.person or "",
                "scopes": " ".join(sorted(one.scopes)),
            }
            for one in found
        ]

    rows = for_tenant(tenant, work)
    show(
        rows,
        columns=("id", "role", "label", "mailbox", "person", "scopes"),
        as_json=as_json,
        empty="none yet: gatepost key add",
    )


@keys.command("remove")
def remove_key(
    key_id: Annotated[str, typer.Argument(help="As gatepost key list names it.")], tenant: ForTenant = None
) -> None:
    """Make a key worthless."""
    say_removed(
        done=for_tenant(tenant, lambda house, owner: administer.remove_key(house, owner, KeyId(key_id))), what="key"
    )
