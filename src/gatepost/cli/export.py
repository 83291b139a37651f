"""Where the record is exported to, and what a SIEM lacks of it."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatepost.app.administer import OPERATOR
from gatepost.app.gaps import find_gaps
from gatepost.cli.frame import AsJson, ForTenant, Refusal, in_tenant, one_of, show
from gatepost.cli.menu import app
from gatepost.cli.record import log
from gatepost.egress import EgressRefusedError
from gatepost.ids import ExportId, TenantId
from gatepost.journey import House
from gatepost.upkeep import siem
from gatepost.upkeep.siem.compare import Comparison

T = TypeVar("T")

export = typer.Typer(help="The record, sent on to a SIEM.", no_args_is_help=True)
app.add_typer(export, name="export")

OfExport = Annotated[str, typer.Argument(help="The destination: gatepost export list.")]
FromFile = Annotated[Path | None, typer.Option(help="A file with the token or key; standard input where it is -.")]
Authorities = Annotated[Path | None, typer.Option(help="PEM of the authorities its certificate is checked with.")]

COLUMNS = ("id", "kind", "format", "exported_through", "lag", "at", "state", "letters")


def _for_tenant(wanted: str | None, work: Callable[[House, TenantId], Awaitable[T]]) -> T:
    try:
        return in_tenant(wanted, work)
    except siem.PlaceError as error:
        raise Refusal(str(error)) from error
    except EgressRefusedError as error:
        raise Refusal(
            f"nothing may connect there ({error}): name a public host, or open it with egress.allow_private"
        ) from error
    except LookupError as error:
        raise Refusal(f"there is no destination {error}; `gatepost export list` names them") from error


def _shown(one: siem.Status) -> dict[str, Any]:
    to = one.destination
    return {
        "id": to.id,
        "kind": to.kind.value,
        "format": to.format.value,
        "personal": to.is_personal,
        "region": to.place.region,
        "exported_through": one.exported_through,
        "at": one.exported_at,
        "lag": one.lag,
        "state": f"stopped: {one.reason}" if one.is_stopped else one.reason or "running",
        "alert": one.alert,
        "letters": one.letters,
        "rejected": one.rejected,
        "assurance": one.assurance,
    }


@export.command()
def add(
    kind: Annotated[siem.Kind, typer.Argument(help=one_of(siem.Kind, "What receives the events."), show_choices=False)],
    url: Annotated[str, typer.Argument(help="Of the receiver; a site for Datadog; tls://host:6514 for syslog.")],
    *,
    credential_file: FromFile = None,
    spelled: Annotated[siem.Format, typer.Option("--format", help="How an entry is spelled.")] = siem.Format.NATIVE,
    index: Annotated[str, typer.Option(help="Splunk's index, or Elastic's data stream.")] = "",
    region: Annotated[str, typer.Option(help="Where the data go.")] = "",
    ca_file: Authorities = None,
    personal: Annotated[bool, typer.Option(help="Export senders and recipients too, not only commitments.")] = False,
    ack: Annotated[bool, typer.Option(help="Splunk: wait until events are indexed.")] = False,
    from_now: Annotated[bool, typer.Option(help="Leave out what the log holds already.")] = False,
    tenant: ForTenant = None,
) -> None:
    """Begin to export to a destination."""
    place = siem.Place(
        url=url,
        credential=_text(credential_file).strip(),
        ca=_text(ca_file),
        index=index,
        region=region,
    )
    wanted = siem.Wanted(kind=kind, format=spelled, place=place, is_personal=personal, wants_ack=ack)

    async def work(house: House, owner: TenantId) -> siem.Destination:
        async with house.db.transaction(owner) as tx:
            return await siem.add(tx, house, wanted, actor=OPERATOR, starts_at_end=from_now)

    typer.echo(f"{_for_tenant(tenant, work).id}: see `gatepost export test` and `gatepost export status`")


@export.command()
def change(
    identifier: OfExport,
    *,
    url: Annotated[str | None, typer.Option(help="Of the receiver, as for `add`.")] = None,
    credential_file: FromFile = None,
    spelled: Annotated[siem.Format | None, typer.Option("--format", help="How an entry is spelled.")] = None,
    index: Annotated[str | None, typer.Option(help="Splunk's index, or Elastic's data stream.")] = None,
    region: Annotated[str | None, typer.Option(help="Where the data go.")] = None,
    ca_file: Authorities = None,
    personal: Annotated[bool | None, typer.Option(help="Export senders and recipients too.")] = None,
    ack: Annotated[bool | None, typer.Option(help="Splunk: wait until events are indexed.")] = None,
    tenant: ForTenant = None,
) -> None:
    """Put another place, credential or format in force; it goes on where it was, and what is not given stays."""
    read = {
        "url": url,
        "credential": None if credential_file is None else _text(credential_file).strip(),
        "ca": None if ca_file is None else _text(ca_file),
        "index": index,
        "region": region,
    }
    given = {name: text for name, text in read.items() if text is not None}
    if not given and spelled is None and personal is None and ack is None:
        raise Refusal("say what shall be another")

    async def work(house: House, owner: TenantId) -> None:
        async with house.db.transaction(owner) as tx:
            found = await siem.find(tx, ExportId(identifier))
            if found is None:
                raise LookupError(identifier)
            was = found.destination
            if "url" in given and was.kind is siem.Kind.DATADOG:  # its sites say themselves where the data go
                given.setdefault("region", "")
            wanted = siem.Wanted(
                kind=was.kind,
                format=spelled or was.format,
                place=replace(was.place, **given),
                is_personal=was.is_personal if personal is None else personal,
                wants_ack=was.wants_ack if ack is None else ack,
            )
            await siem.change(tx, house, was.id, wanted, actor=OPERATOR)

    _for_tenant(tenant, work)
    typer.echo("changed: see `gatepost export test` and `gatepost export status`")


def _text(path: Path | None) -> str:
    """Read a small file; standard input where it is ``-``. A secret never stands in the command line."""
    try:
        if path is None:
            return ""
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="ascii")
    except (OSError, UnicodeError) as error:
        raise Refusal(f"cannot read {path}") from error


@export.command("list")
def list_(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List the destinations and how far each is."""
    rows = _for_tenant(tenant, _statuses)
    show([_shown(row) for row in rows], columns=COLUMNS, as_json=as_json, empty="nothing is exported")


async def _statuses(house: House, owner: TenantId) -> list[siem.Status]:
    async with house.db.transaction(owner) as tx:
        return await siem.list_all(tx)


@export.command()
def status(identifier: OfExport, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """Say how far one destination is, and what it would not take. Exit 1 where it has stopped."""

    async def work(house: House, owner: TenantId) -> tuple[siem.Status, list[siem.Letter]]:
        async with house.db.transaction(owner) as tx:
            found = await siem.find(tx, ExportId(identifier))
            if found is None:
                raise LookupError(identifier)
            return found, await siem.letters(tx, ExportId(identifier))

    found, letters = _for_tenant(tenant, work)
    dead = [{"leaf_index": each.leaf_index, "reason": each.reason, "at": each.at} for each in letters]
    if as_json:
        show([{**_shown(found), "dead_letters": dead}], columns=(), as_json=True, empty="")
    else:
        for name, value in _shown(found).items():
            typer.echo(f"{name}: {'' if value is None else value}")
        if dead:
            show(dead, columns=("leaf_index", "reason", "at"), as_json=False, empty="")
    if found.is_stopped:
        raise typer.Exit(1)


@export.command("test")
def try_(identifier: OfExport, tenant: ForTenant = None) -> None:
    """Send the newest entry once more and say what came of it; what had stopped goes on. Exit 1 where not taken."""

    async def work(house: House, owner: TenantId) -> str:
        return await siem.probe(house, owner, ExportId(identifier), actor=OPERATOR)

    if reason := _for_tenant(tenant, work):
        raise Refusal(f"not taken: {reason}")
    typer.echo("taken")


@export.command()
def replay(
    identifier: OfExport,
    *,
    from_index: Annotated[int | None, typer.Option("--from", min=0, help="Export again from this index on.")] = None,
    tenant: ForTenant = None,
) -> None:
    """Try again what was refused; also everything from an index on, if given."""

    async def work(house: House, owner: TenantId) -> int:
        async with house.db.transaction(owner) as tx:
            return await siem.replay(tx, house, ExportId(identifier), actor=OPERATOR, from_index=from_index)

    typer.echo(f"{_for_tenant(tenant, work)} refused entries will be tried again")


@export.command()
def resume(
    identifier: OfExport,
    *,
    past_refused: Annotated[
        bool,
        typer.Option(help="Do not stop again for what the log has now: each entry that is refused is a dead letter."),
    ] = False,
    tenant: ForTenant = None,
) -> None:
    """Go on with a destination that has stopped, where it was."""

    async def work(house: House, owner: TenantId) -> int | None:
        async with house.db.transaction(owner) as tx:
            return await siem.resume(tx, house, ExportId(identifier), actor=OPERATOR, past_refused=past_refused)

    until = _for_tenant(tenant, work)
    typer.echo("it goes on: see `gatepost export status`")
    if until:
        typer.echo(
            f"what is refused up to index {until - 1} becomes a dead letter; `gatepost export replay` tries again"
        )


@export.command()
def remove(identifier: OfExport, tenant: ForTenant = None) -> None:
    """Export there no more."""

    async def work(house: House, owner: TenantId) -> None:
        async with house.db.transaction(owner) as tx:
            await siem.remove(tx, house, ExportId(identifier), actor=OPERATOR)

    _for_tenant(tenant, work)
    typer.echo("removed; what was exported stays where it is")


@log.command("compare")
def compare_(
    file: Annotated[Path, typer.Argument(help="What the SIEM gave out.")],
    *,
    start: Annotated[int, typer.Option("--from", min=0, help="The first index that must be there.")] = 0,
    through: Annotated[int | None, typer.Option(min=0, help="The last index that must be there.")] = None,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Hold a SIEM's export of our events to the log; name what is missing, changed or invented there. Exit 1 on any.

    NDJSON, CSV or lines of syslog. What is changed shows where the event
    carries the entry itself.
    """

    async def work(house: House, owner: TenantId) -> Comparison:
        end = None if through is None else through + 1
        with file.open(encoding="utf-8", errors="replace") as lines:
            return await find_gaps(house.db, owner, lines, start=start, end=end)

    try:
        found = _for_tenant(tenant, work)
    except OSError as error:
        raise Refusal(f"cannot read {file}") from error
    if as_json:
        row = {name: getattr(found, name) for name in Comparison.__slots__}
        show([row], columns=(), as_json=True, empty="")
    else:
        _print(found)
    if not found.is_whole:
        raise typer.Exit(1)


def _print(found: Comparison) -> None:
    for first, last in found.missing:
        typer.echo(f"missing: {first}" if first == last else f"missing: {first} to {last}")
    for what, places in (("changed", found.changed), ("unknown", found.unknown), ("repeated", found.repeats)):
        for at in places:
            typer.echo(f"{what}: {at}")
    typer.echo(
        f"{found.present} of {found.size} entries present, {found.missing_count} missing, {len(found.changed)} changed,"
        f" {len(found.unknown)} unknown, {found.repeated} repeated, {found.beyond} beyond,"
        f" {found.foreign} of other logs, {found.unreadable} unreadable"
    )
    if found.read < found.present:
        typer.echo(f"{found.present - found.read} do not carry their entry: of them only place and hash were compared")
