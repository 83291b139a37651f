"""What waits for a person: list it, show it, let it go or refuse it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.text import Text

from gatepost import journey
from gatepost.act.waiting import Waiting, waiting
from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, OfMailbox, Refusal, in_tenant, show
from gatepost.cli.menu import app
from gatepost.cli.table import terminal
from gatepost.decide.paper import Ruling
from gatepost.deliver import hold, hold_end, shown
from gatepost.deliver.paper import Hold, HoldState
from gatepost.ids import AccountId, HoldId, TenantId
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.verify.paper import Verified

T = TypeVar("T")

holds = typer.Typer(help="Messages that wait for a person: list, show, approve, deny.", no_args_is_help=True)
app.add_typer(holds, name="hold")

LISTED_MAX = 200
HeldMessage = Annotated[str, typer.Argument(help="As gatepost hold list names it.")]


def _in_tenant(wanted: str | None, work: Callable[[House, TenantId], Awaitable[T]]) -> T:
    try:
        return in_tenant(wanted, work)
    except hold.HoldMissingError:
        raise Refusal("there is no such hold: gatepost hold list") from None
    except hold_end.HoldSettledError as error:
        raise Refusal(f"it waits no longer: it was {error.state.value}") from error
    except hold_end.HoldChangedError:
        raise Refusal("it is not what you saw: gatepost hold show, and name the digest it prints") from None
    except hold_end.NotNowError as error:
        raise Refusal(f"a limit of the policy stands in its way ({error.reason}); it still waits") from error
    except ErasedError:
        raise Refusal("nobody can read it any more, so nobody can let it go") from None


def _row(one: Hold) -> dict[str, Any]:
    return {
        "hold": one.id,
        "mailbox": one.account,
        "direction": one.direction.value,
        "state": one.state.value,
        "reason": one.reason,
        "author": one.author or "",
        "held": one.held_at,
        "expires": one.expires_at,
        "then": one.default.value,
    }


@holds.command("list")
def list_(
    mailbox_id: OfMailbox,
    *,
    state: Annotated[HoldState, typer.Option(help="Where they stand.")] = HoldState.WAITING,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """List a mailbox's held messages, newest first."""

    async def work(house: House, owner: TenantId) -> list[Hold]:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox_id))
            return (await hold.page(tx, AccountId(mailbox_id), state=state, limit=LISTED_MAX)).holds

    rows = [_row(one) for one in _in_tenant(tenant, work)]
    columns = ("hold", "direction", "reason", "author", "held", "expires", "then")
    show(rows, columns=columns, as_json=as_json, empty="nothing waits here")


@holds.command("all")
def all_(mailbox_id: OfMailbox, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List all that waits for a person, what ends first at the top: held messages, held calls of agents, petitions."""

    async def work(house: House, owner: TenantId) -> list[Waiting]:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox_id))
            return await waiting(tx, AccountId(mailbox_id), at=house.clock(), limit=LISTED_MAX)

    rows = [
        {
            "kind": one.sort.value,
            "id": one.id,
            "what": one.what,
            "reason": one.reason,
            "since": one.since,
            "expires": one.expires_at,
            "then": one.then.value,
        }
        for one in _in_tenant(tenant, work)
    ]
    show(
        rows,
        columns=("kind", "id", "what", "reason", "since", "expires", "then"),
        as_json=as_json,
        empty="nothing waits here",
    )


@holds.command("show")
def show_(hold_id: HeldMessage, *, tenant: ForTenant = None) -> None:
    """Show one held message, and the digest an approval is bound to."""

    async def work(house: House, owner: TenantId) -> tuple[Hold, Verified]:
        async with house.db.transaction(owner) as tx:
            found = await hold.get(tx, HoldId(hold_id))
        return found, await hold_end.take_up(found, owner, house.db, house.blobs, house.extractor)

    found, verified = _in_tenant(tenant, work)
    for name, value in {
        "From": found.author or "",
        "To": ", ".join(found.recipients),
        "Subject": found.subject,
        "Held": f"{found.held_at:%Y-%m-%d %H:%M} UTC: {found.reason}",
        "Until": f"{found.expires_at:%Y-%m-%d %H:%M} UTC, then {found.default.value}",
        "Digest": found.digest,
    }.items():
        terminal.print(Text.assemble((f"{name + ':':9}", "bold"), shown.legible_line(value)), soft_wrap=True)
    evidence = verified.evidence
    seen = shown.of(evidence.content)
    if not (evidence.is_aligned or evidence.auth):
        terminal.print(Text("Its author is not proven.", "red"))
    for one in seen.files:
        said = f"{shown.legible_line(one.filename) or '(no name)'}, {one.content_type}, {one.size_octets} octets"
        doubt = (", not what it says it is", "red") if one.file.is_disguised else ""
        terminal.print(Text.assemble((f"{'File:':9}", "bold"), said, doubt), soft_wrap=True)
    terminal.print(Text(f"\n{shown.legible(seen.text)}"))
    if seen.plain:
        terminal.print(
            Text.assemble(("\nIts plain text, which people may not see:\n", "red"), shown.legible(seen.plain))
        )
    for one in (each for each in seen.files if each.text):
        name = shown.legible_line(one.filename) or "(no name)"
        terminal.print(Text.assemble((f"\nWhat {name} says:\n", "bold"), shown.legible(one.text)))
    for span in seen.hidden:
        terminal.print(
            Text.assemble((f"\nHidden from people ({span.technique.value}): ", "red"), shown.legible(span.text))
        )
    if not seen.is_whole:
        terminal.print(Text("\nIt says more than is shown here: read its octets before you let it go.", "red"))


@holds.command()
def approve(
    hold_id: HeldMessage,
    digest: Annotated[str, typer.Option(help="As gatepost hold show prints it: what you say yes to.")],
    tenant: ForTenant = None,
) -> None:
    """Let a held message go. The policy in force speaks again: what it refuses by now is refused."""
    _rule(hold_id, tenant, digest, is_approved=True)


@holds.command()
def deny(hold_id: HeldMessage, tenant: ForTenant = None) -> None:
    """Refuse a held message; it is kept no longer."""
    _rule(hold_id, tenant, None, is_approved=False)


def _rule(hold_id: str, tenant: str | None, digest: str | None, *, is_approved: bool) -> None:
    ruling = Ruling(is_approved=is_approved, by=administer.OPERATOR)

    async def work(house: House, owner: TenantId) -> Hold:
        await journey.release(owner, HoldId(hold_id), ruling, house, digest=digest)
        async with house.db.transaction(owner) as tx:
            return await hold.get(tx, HoldId(hold_id))

    after = _in_tenant(tenant, work)
    typer.echo(f"{after.state.value}: {after.settled_reason}")
