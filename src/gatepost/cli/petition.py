"""What agents ask for: list it, show it, say yes or no."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.text import Text

from gatepost.act import petition
from gatepost.act.petition import Kind, Petition, State
from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, OfMailbox, Refusal, in_tenant, show
from gatepost.cli.menu import app
from gatepost.cli.table import terminal
from gatepost.decide import PolicyError
from gatepost.deliver import shown
from gatepost.deliver.hold import Approver, ApproverError
from gatepost.ids import AccountId, PetitionId, TenantId
from gatepost.journey import House
from gatepost.workbench import Bench, TooManyError, of_petition

T = TypeVar("T")

petitions = typer.Typer(help="What agents ask for: list, show, approve, deny.", no_args_is_help=True)
app.add_typer(petitions, name="petition")

LISTED_MAX = 200
Asked = Annotated[str, typer.Argument(help="As gatepost petition list names it.")]


def _in_tenant(wanted: str | None, work: Callable[[House, TenantId], Awaitable[T]]) -> T:
    try:
        return in_tenant(wanted, work)
    except petition.PetitionMissingError:
        raise Refusal("there is no such petition: gatepost petition list") from None
    except petition.PetitionSettledError as error:
        raise Refusal(f"it waits no longer: it was {error.state.value}") from error
    except petition.PetitionChangedError:
        raise Refusal("it is not what you saw: gatepost petition show, and name the digest it prints") from None
    except petition.PetitionInvalidError as error:
        raise Refusal(f"it cannot be done: {error.reason}") from error
    except ApproverError:
        raise Refusal("you said yes already: somebody else must say yes, too") from None
    except TooManyError:
        raise Refusal("as many policies as may wait for a second person: gatepost policy proposals") from None
    except PolicyError as error:
        raise Refusal("the policy would not be one:\n  " + "\n  ".join(error.errors)) from error


def _row(one: Petition, house: House) -> dict[str, Any]:
    return {
        "petition": one.id,
        "asks": one.kind.value,
        "sender": one.sender,
        "state": one.state_at(house.clock()).value,
        "proposer": one.proposer,
        "made": one.made_at,
        "expires": one.expires_at,
        "first yes": one.first_yes_by or "",
    }


@petitions.command("list")
def list_(mailbox_id: OfMailbox, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List what a mailbox's agent asked for, newest first."""

    async def work(house: House, owner: TenantId) -> list[dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox_id))
            found = await petition.page(tx, AccountId(mailbox_id), limit=LISTED_MAX)
        return [_row(one, house) for one in found.petitions]

    columns = ("petition", "asks", "sender", "state", "made", "expires")
    show(_in_tenant(tenant, work), columns=columns, as_json=as_json, empty="nothing was asked for")


@petitions.command("show")
def show_(petition_id: Asked, *, tenant: ForTenant = None) -> None:
    """Show one petition, and the digest an approval is bound to."""

    async def work(house: House, owner: TenantId) -> tuple[Petition, dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            found = await petition.get(tx, PetitionId(petition_id))
        return found, _row(found, house)

    found, row = _in_tenant(tenant, work)
    for name, value in {**row, "digest": found.digest}.items():
        terminal.print(Text(f"{name + ':':10} {value}"), soft_wrap=True)
    terminal.print(Text(f"\n{shown.legible(found.why)}"))


@petitions.command()
def approve(
    petition_id: Asked,
    digest: Annotated[str, typer.Option(help="As gatepost petition show prints it: what you say yes to.")],
    tenant: ForTenant = None,
) -> None:
    """Say yes: it is done at once, or, where the tenant wants two people, once both said so."""
    _rule(petition_id, tenant, digest, is_approved=True)


@petitions.command()
def deny(petition_id: Asked, tenant: ForTenant = None) -> None:
    """Say no."""
    _rule(petition_id, tenant, None, is_approved=False)


def _rule(petition_id: str, tenant: str | None, digest: str | None, *, is_approved: bool) -> None:
    async def work(house: House, owner: TenantId) -> Petition:
        async with house.db.transaction(owner) as tx:
            return await petition.rule(
                tx,
                PetitionId(petition_id),
                Approver(id=administer.OPERATOR),
                is_approved=is_approved,
                digest=digest,
                at=house.clock(),
                entropy=house.entropy,
                put=of_petition(house, Bench()),
            )

    ruled = _in_tenant(tenant, work)
    made = f"; version {ruled.policy_version} of the policy is in force" if ruled.policy_version else ""
    if ruled.state is State.WAITING:
        typer.echo(f"{ruled.id} has one yes of two: somebody else must say yes, too")
        return
    if ruled.kind is Kind.SENDER and ruled.state is State.APPROVED and not ruled.policy_version:
        made = "; the policy waits for a second person"
    typer.echo(f"{ruled.id} was {ruled.state.value}{made}")
