"""What is forgotten, and what must stay: erase a person, place a legal hold, see how long the rest is kept."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.app import administer
from gatepost.app.administer import OPERATOR
from gatepost.app.build import clock
from gatepost.app.open import admin_keeper
from gatepost.app.past import AHEAD_SAID, Past
from gatepost.blobs import BlobsUnavailableError
from gatepost.cli.frame import AsJson, Config, ForTenant, Refusal, read_settings, show, with_house
from gatepost.cli.menu import app
from gatepost.clock import UNKNOWN
from gatepost.ids import AccountId
from gatepost.journey import House
from gatepost.mail.address import Address, AddressError
from gatepost.settings import Settings
from gatepost.upkeep import retention as rooms
from gatepost.upkeep.retention import Erased, Expired, Hold, HoldBusyError, HoldError, Keeper, RollError, Scope, Shown

T = TypeVar("T")

retention = typer.Typer(help="How long mail and record are kept, by plan and by policy.", no_args_is_help=True)
app.add_typer(retention, name="retention")
hold = typer.Typer(help="What must be kept whatever a plan, a policy or a person says.", no_args_is_help=True)
app.add_typer(hold, name="legal-hold")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count; nothing is changed.")]


def _for_tenant(wanted: str | None, config: Any, work: Callable[[Keeper, Tenant], Awaitable[T]]) -> T:
    """Do ``work`` with the keeper of this state folder's house, whether the house is up or not."""
    settings: Settings = read_settings(config)

    async def inside() -> T:
        async with admin_keeper(settings) as (house, keeper):
            return await work(keeper, await administer.find_tenant(house, wanted, may_be_former=True))

    try:
        return asyncio.run(inside())
    except BlobsUnavailableError as error:
        raise Refusal(
            "a store of bodies or of the log does not answer: do it again, nothing is lost by that"
        ) from error
    except (access.AccessError, HoldBusyError, HoldError, RollError) as error:
        raise Refusal(str(error)) from error


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as error:
        raise Refusal(f"this is no address: {error}") from error


@app.command()
def erase(
    address: Annotated[str, typer.Argument(help="The person's address, outside this house.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; it is sealed with the log's entry.")] = "",
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    tenant: ForTenant = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person from one tenant: mail, bodies, the record's words, the index, queues, and the key.

    The log's leaves and proofs stay: they name nobody. The erasure is an entry
    of its own, and is done again after any restore. What was exported to others
    is out of this house's hands. There is no way back.
    """
    person = _address(address)
    if dry_run:
        _print(
            _for_tenant(tenant, config, lambda keeper, owner: rooms.foresee(keeper, owner.id, person)), as_json=as_json
        )
        return
    if not yes:
        typer.confirm("Erase this person for ever?", abort=True, err=True)

    async def work(keeper: Keeper, owner: Tenant) -> Erased:
        return await rooms.erase_person(keeper, owner.id, person, actor=OPERATOR, reason=reason)

    _print(_for_tenant(tenant, config, work), as_json=as_json)


def _print(erased: Erased, *, as_json: bool) -> None:
    row = {name: getattr(erased, name) for name in Erased.__slots__}
    if as_json:
        show([row], columns=(), as_json=True, empty="")
        return
    verb = "erased" if erased.request else "would be erased"
    typer.echo(
        f"{verb}: {erased.openings} entries' words, {erased.messages} messages, {erased.bodies} bodies,"
        f" {erased.queued} outgoing mails, {erased.keys} keys"
    )
    if erased.request:
        typer.echo(f"the log calls it {erased.request}; `gatepost log verify` checks that nothing else is gone")
    if erased.waiting:
        typer.echo(f"{erased.waiting} entries had no place in the log yet: their rows follow within the hour")
    if erased.held:
        typer.echo(f"{erased.held} entries came last, and a legal hold keeps their rows: nobody can read them any more")


@hold.command("add")
def add_hold(
    reason: Annotated[str, typer.Argument(help="Why it must be kept: a matter, a file number.")],
    *,
    mailbox: Annotated[int | None, typer.Option(help="Only this mailbox, by number.")] = None,
    person: Annotated[str | None, typer.Option(help="Only this person, by address.")] = None,
    tenant: ForTenant = None,
    config: Config = None,
) -> None:
    """Keep a mailbox, a person's mail, or everything of a tenant, until the hold is released."""
    if mailbox is not None and person is not None:
        raise Refusal("a hold is of a mailbox or of a person: place two for both")
    scope = Scope(None if mailbox is None else AccountId(mailbox), None if person is None else _address(person))

    async def work(keeper: Keeper, owner: Tenant) -> Hold:
        return await rooms.place_hold(keeper, owner.id, scope, reason=reason, actor=OPERATOR)

    typer.echo(f"{_for_tenant(tenant, config, work).id}: nothing it covers expires or is erased")


@hold.command("list")
def list_holds(
    *,
    released: Annotated[bool, typer.Option("--released", help="Also those that were released.")] = False,
    tenant: ForTenant = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """List the holds in force, oldest first."""

    async def work(keeper: Keeper, owner: Tenant) -> list[Hold]:
        return await rooms.holds(keeper, owner.id, released=released)

    rows = [_shown(each) for each in _for_tenant(tenant, config, work)]
    show(rows, columns=("id", "covers", "reason", "placed_at", "released_at"), as_json=as_json, empty="nothing is held")


def _shown(each: Hold) -> dict[str, Any]:
    covers = "everything"
    if each.scope.account is not None:
        covers = f"mailbox {each.scope.account}"
    elif each.scope.person is not None:
        covers = str(each.scope.person)
    return {
        "id": each.id,
        "covers": covers,
        "reason": each.reason,
        "placed_at": each.placed_at,
        "placed_by": each.placed_by,
        "released_at": each.released_at or "",
    }


@hold.command("release")
def release_hold(
    identifier: Annotated[str, typer.Argument(help="As gatepost legal-hold list names it.")],
    *,
    tenant: ForTenant = None,
    config: Config = None,
) -> None:
    """End a hold: what is old enough goes with the next run, within the hour."""

    async def work(keeper: Keeper, owner: Tenant) -> Hold:
        return await rooms.release_hold(keeper, owner.id, identifier, actor=OPERATOR)

    try:
        _for_tenant(tenant, config, work)
    except LookupError as error:
        raise Refusal(f"no hold in force is {identifier}: `gatepost legal-hold list` names them") from error
    typer.echo("released")


@retention.command("show")
def show_(*, tenant: ForTenant = None, config: Config = None, as_json: AsJson = False) -> None:
    """Say how long the tenant's mail and record are kept, and what is held longer."""
    found = _for_tenant(tenant, config, rooms.show)
    if as_json:
        row = {
            "plan": found.plan,
            "days": found.plan_days,
            "mailboxes": found.mailboxes,
            "holds": [_shown(each) for each in found.holds],
            "months": list(found.months),
        }
        show([row], columns=(), as_json=True, empty="")
        return
    _tell(found)


def _tell(found: Shown) -> None:
    kept = "for ever" if found.plan_days is None else f"for {found.plan_days} days"
    typer.echo(f"plan {found.plan}: mail and what the record says of persons are kept {kept}")
    for account, days in found.mailboxes.items():
        typer.echo(f"mailbox {account}: its policy keeps the record's words for {days} days")
    for each in found.holds:
        typer.echo(f"held: {_shown(each)['covers']}, since {each.placed_at:%Y-%m-%d}: {each.reason} ({each.id})")
    if found.months:
        typer.echo(f"keys there are: of {found.months[0]} to {found.months[-1]}; what is older opens nowhere")


@retention.command()
def run(*, dry_run: DryRun = False, tenant: ForTenant = None, config: Config = None, as_json: AsJson = False) -> None:
    """Remove now what is older than its limit; a house that is up does so each hour by itself."""

    async def work(keeper: Keeper, owner: Tenant) -> Expired:
        if (ahead := keeper.clock() - (past := keeper.past())) > AHEAD_SAID:
            typer.echo(_doubt(ahead if past > UNKNOWN else None), err=True)
        return await rooms.expire(keeper, owner, dry_run=dry_run)

    done = _for_tenant(tenant, config, work)
    if as_json:
        show([{name: getattr(done, name) for name in Expired.__slots__}], columns=(), as_json=True, empty="")
        return
    verb = "would expire" if dry_run else "expired"
    keys = f"the keys of {', '.join(done.months)}" if done.months else "no month's keys"
    typer.echo(f"{verb}: {done.openings} entries' words, {done.messages} messages, {done.bodies} bodies, {keys}")


def _doubt(ahead: timedelta | None) -> str:
    since = "the house has not seen a day pass yet"
    if ahead is not None:
        since = f"it is {ahead.days} days and {ahead.seconds // 3_600} hours ahead of what the house saw pass"
    return f"the clock is not believed yet ({since}): see `gatepost doctor` and `gatepost retention confirm-clock`"


@retention.command("confirm-clock")
def confirm_clock(
    *, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, config: Config = None
) -> None:
    """Say that this machine's clock is right, so that expiry need not wait a day to see it.

    What is older by this clock than its limit goes, and the keys of its months:
    there is no way back. A house that is up hears of it within a minute.
    """
    settings: Settings = read_settings(config)
    if not yes:
        typer.confirm(f"Is it {clock():%A, %d %B %Y, %H:%M} UTC?", abort=True, err=True)

    async def work(house: House) -> datetime:
        past = Past(settings.state, clock)
        ahead_s = past.standing().ahead_s
        await administer.note_house(house, "clock.confirm", {"ahead_s": None if ahead_s is None else int(ahead_s)})
        return past.confirm()

    try:
        said = with_house(work, config)
    except OSError as error:
        raise Refusal(f"the state folder cannot be written: {error.strerror}") from error
    typer.echo(f"confirmed: {said:%Y-%m-%d %H:%M:%S} UTC")
