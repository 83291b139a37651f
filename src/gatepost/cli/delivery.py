"""What waits to leave, of all tenants: by destination and age, why, and until when; tried at once, or given up."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, NamedTuple, TypeVar

import typer

from gatepost import access, act
from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.deliver import queue
from gatepost.deliver.queue import UnderWayError, Waiting
from gatepost.ids import SubmissionId, TenantId
from gatepost.journey import House
from gatepost.mail.address import AddressError, normalise_domain

T = TypeVar("T")

deliveries = typer.Typer(
    help="Mail that waits to leave: list it, have it tried at once, give it up.", no_args_is_help=True
)
app.add_typer(deliveries, name="delivery")

Destination = Annotated[str | None, typer.Option("--destination", "-d", help="Only what goes to this domain.")]
OneMessage = Annotated[str, typer.Argument(help="As gatepost delivery list names it (su_...).")]
COLUMNS = ("delivery", "tenant", "destination", "since", "attempts", "next", "why")


class Queued(NamedTuple):
    """What waits, and whose it is."""

    tenant: TenantId
    waiting: Waiting


async def _all(
    house: House, tenant: str | None, destination: str | None = None, wanted: str | None = None
) -> list[Queued]:
    """Return what waits, of every tenant or of one, the oldest of each destination first."""
    try:
        domain = normalise_domain(destination) if destination else None
    except AddressError as error:
        raise Refusal(f"{destination} is no domain") from error
    ids = None if wanted is None else [SubmissionId(wanted)]
    found: list[Queued] = []
    for owner in [await administer.find_tenant(house, tenant)] if tenant else await access.list_tenants(house.db):
        async with house.db.transaction(owner.id) as tx:
            found += [Queued(owner.id, each) for each in await queue.waiting(tx, house, ids)]
    chosen = [each for each in found if domain in {None, each.waiting.destination}]
    return sorted(chosen, key=lambda each: (each.waiting.destination, each.waiting.submission.submitted_at))


def _do(work: Callable[[House], Awaitable[T]]) -> T:
    try:
        return with_house(work)
    except access.AccessError as error:
        raise Refusal(str(error)) from error


def _row(queued: Queued) -> dict[str, Any]:
    waiting, submission = queued.waiting, queued.waiting.submission
    return {
        "delivery": submission.id,
        "tenant": queued.tenant,
        "mailbox": submission.account,
        "message": submission.email,
        "destination": waiting.destination,
        "since": submission.submitted_at,
        "attempts": submission.attempts,
        "next": waiting.due_at,
        "is_under_way": waiting.is_under_way,
        "reply_code": submission.reply_code,
        "why": _why(waiting),
    }


def _why(waiting: Waiting) -> str:
    if waiting.is_under_way:
        return "being tried now"
    said = f" ({waiting.submission.reply_code})" if waiting.submission.reply_code else ""
    return f"{waiting.reason or 'not tried yet'}{said}"


@deliveries.command("list")
def list_(*, destination: Destination = None, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List each message that waits to leave, by destination, the oldest first."""
    rows = [_row(each) for each in _do(lambda house: _all(house, tenant, destination))]
    show(rows, columns=COLUMNS, as_json=as_json, empty="nothing waits to leave")


@deliveries.command()
def destinations(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List where mail waits for, what most waits for at the top."""
    rows: dict[str, dict[str, Any]] = {}
    for each in _do(lambda house: _all(house, tenant)):
        waiting = each.waiting
        first = {"destination": waiting.destination, "waiting": 0, "oldest": waiting.submission.submitted_at}
        row = rows.setdefault(waiting.destination, {**first, "next": waiting.due_at, "why": _why(waiting)})
        row["waiting"] += 1
        if waiting.due_at < row["next"]:
            row["next"], row["why"] = waiting.due_at, _why(waiting)
    ordered = sorted(rows.values(), key=lambda row: -row["waiting"])
    columns = ("destination", "waiting", "oldest", "next", "why")
    show(ordered, columns=columns, as_json=as_json, empty="nothing waits to leave")


@deliveries.command("show")
def show_(delivery: OneMessage, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """Show one message that waits: whose it is, whom it is for, why it waits. Never what it says."""
    found = _found(_do(lambda house: _all(house, tenant, wanted=delivery)), delivery)
    row = {**_row(found), "to": str(found.waiting.submission.rcpt_to)}
    facts = [{"fact": name, "value": value} for name, value in row.items()]
    show([row] if as_json else facts, columns=("fact", "value"), as_json=as_json, empty="")


@deliveries.command()
def retry(
    delivery: Annotated[str | None, typer.Argument(help="One message (su_...); without it, a destination.")] = None,
    *,
    destination: Destination = None,
    tenant: ForTenant = None,
) -> None:
    """Have one message, or all that wait for a destination, tried at once. Each is an entry of the record."""
    if (delivery is None) == (destination is None):
        raise Refusal("name one message, or --destination: gatepost delivery list")

    async def work(house: House) -> tuple[int, int]:
        found = await _all(house, tenant, destination, delivery)
        count = 0
        for owner, wanted in _by_tenant(found):
            async with house.db.transaction(owner) as tx:
                count += await queue.retry(tx, house, wanted, actor=administer.OPERATOR)
        return count, len(found)

    count, known = _do(work)
    if not known:
        raise Refusal("nothing of that waits to leave: gatepost delivery list")
    typer.echo(f"{count} due now" + (f", {known - count} being tried already" if count < known else ""))


@deliveries.command()
def giveup(delivery: OneMessage, *, tenant: ForTenant = None) -> None:
    """Give one message up: it is not tried again, and its mailbox gets a report. It cannot be taken back."""

    async def work(house: House) -> bool:
        found = _found(await _all(house, tenant, wanted=delivery), delivery)
        async with house.db.transaction(found.tenant) as tx:
            given_up = await queue.give_up(
                tx, house, found.waiting.submission.id, act.announce_settled, actor=administer.OPERATOR
            )
        return given_up is not None

    try:
        is_done = _do(work)
    except UnderWayError:
        raise Refusal("it is being tried this moment: look again when that has ended") from None
    if not is_done:
        raise Refusal("it waits no longer: gatepost trace tells what became of it")
    typer.echo("given up; its mailbox gets a report")


def _found(found: list[Queued], delivery: str) -> Queued:
    if not found:
        raise Refusal(f"{delivery} does not wait to leave: gatepost delivery list")
    return found[0]


def _by_tenant(found: Iterable[Queued]) -> list[tuple[TenantId, list[SubmissionId]]]:
    owners: dict[TenantId, list[SubmissionId]] = {}
    for each in found:
        owners.setdefault(each.tenant, []).append(each.waiting.submission.id)
    return list(owners.items())
