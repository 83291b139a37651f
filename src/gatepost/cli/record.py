"""The record: verify it, prove an entry of it, take it out of the house."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gatepost import access
from gatepost.app import administer, process, proving
from gatepost.app.build import second_store, sequencer
from gatepost.app.keeping import roll_of
from gatepost.app.open import admin_keeper
from gatepost.app.state import running
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.cli.frame import AsJson, ForTenant, Refusal, read_settings, show, with_house
from gatepost.cli.menu import app
from gatepost.cli.progress import bar
from gatepost.cli.table import terminal
from gatepost.ids import LeafIndex, TenantId
from gatepost.journey import House
from gatepost.keys import KeyringError
from gatepost.ledger.errors import LedgerError
from gatepost.record import export, folder, log_store, recover
from gatepost.record import second as second_copy
from gatepost.record.check import Report, verify_log
from gatepost.record.errors import ForkError, IndexBehindError, UnwitnessedError
from gatepost.record.export import NotInLogError
from gatepost.record.witnesses import Witness
from gatepost.upkeep import restored
from gatepost.upkeep.admitted import misadmitted
from gatepost.upkeep.retention import RollError, misenrolled, misheld
from gatepost.workbench import misruled

T = TypeVar("T")

MESSAGE_MAX_OCTETS = 64 * 1024 * 1024
PLACE_MAX_DIGITS = 18
TURNS_MAX, TURN_S = 50, 0.1

log = typer.Typer(help="The tamper-evident record: verify, prove, export.", no_args_is_help=True)
app.add_typer(log, name="log")


def for_tenant(
    wanted: str | None,
    work: Callable[[House, TenantId], Awaitable[T]],
    *,
    may_lag: bool = False,
    is_caught_up: bool = True,
) -> T:
    """Do ``work`` on one tenant's record, with everything that was committed in its log, unless it sees to that."""

    async def inside(house: House) -> T:
        tenant = await administer.find_tenant(house, wanted, may_be_former=True)
        if is_caught_up:
            await catch_up(house, tenant.id)
        return await work(house, tenant.id)

    try:
        return with_house(inside, may_lag=may_lag)
    except NotInLogError as error:
        raise Refusal(f"the log has no entry {error}; `gatepost log verify` says how many it has") from error
    except BlobsUnavailableError as error:
        raise Refusal("the files of the log cannot be read") from error
    except (access.AccessError, LedgerError, IndexBehindError) as error:
        raise Refusal(str(error)) from error


async def catch_up(house: House, tenant: TenantId) -> None:
    """Publish what was committed a moment ago, so that it is shown too; where no house is up, witnesses are asked once.

    A house that is up holds the log while it publishes: then we wait for our turn. A log that cannot go on is shown
    as it is; what is wrong with it is for `verify` to name.
    """
    settings = read_settings()
    one = sequencer(settings, house)
    with suppress(BlobsUnavailableError, ForkError, KeyringError, LedgerError, UnwitnessedError):
        await one.look_back()  # at all logs: entries of a database that lags behind one of them get places in none
        for _ in range(TURNS_MAX):
            if await one.sequence(tenant) >= 0:
                if running(settings.state) is None:  # or the house asks, and is not to be overtaken
                    await one.window.show_waiting(tenant)
                return
            await asyncio.sleep(TURN_S)


async def _gone(house: House, second: Blobs, owner: TenantId) -> list[str]:
    with suppress(BlobsUnavailableError):  # it is said later
        return await second_copy.gone(house.db, house.blobs, second, owner)
    return []


async def _beside(house: House, second: Blobs, report: Report) -> None:
    """Note what is wrong beside the log: the second store, legal holds, policies, who was let in, who was erased."""
    async for text in second_copy.compare_second(house.db, house.blobs, second, report.tenant, house.keyring):
        report.find(text)
    for look in (misheld, misruled, misadmitted):
        for text in await look(house.db, report.tenant):
            report.find(text)
    try:
        for text in await misenrolled(house.db, roll_of(read_settings(), house.egress), report.tenant, house.clock()):
            report.find(text)
    except RollError as error:
        report.find(str(error))
    except BlobsUnavailableError:
        report.find("roll of erasures: the second store does not answer")


@log.command()
def verify(
    *,
    tenant: ForTenant = None,
    vkey: Annotated[str | None, typer.Option(help="The verifier key as you know it from elsewhere.")] = None,
    deep: Annotated[
        bool,
        typer.Option(help="Make every entry's search words anew, too; else their seals are checked."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Recompute the whole log and hold files, keys and rows to it; name whatever was changed. Exit 1 on any finding.

    Every entry: its place in the tree, its rows, each value behind a
    commitment, the seal of what it is found by.
    """

    async def work(house: House, owner: TenantId) -> Report:
        settings = read_settings()
        second = second_store(settings, house.egress)
        gone = await _gone(house, second, owner)  # before a sequencer copies all anew
        await catch_up(house, owner)
        process.settle_in()  # or the garbage collector looks at each entry several times
        with bar("entries") as told:
            found = await verify_log(
                house.db,
                house.blobs,
                owner,
                vkey=vkey,
                witnesses=[Witness.parse(each).key for each in settings.log.witnesses],
                keyring=house.keyring,
                is_deep=deep,
                progress=told,
            )
        for name in gone:
            found.find(f"second store: {name}: it was gone, and is copied there anew with what else is missing")
        await _beside(house, second, found)
        return found

    report = for_tenant(tenant, work, may_lag=True, is_caught_up=False)
    if as_json:
        row = {
            "tenant": report.tenant,
            "size": report.size,
            "openings": report.openings,
            "waiting": report.waiting,
            "sound": report.is_sound,
            "findings": report.findings,
        }
        show([row], columns=(), as_json=True, empty="")
    elif report.is_sound:
        typer.echo(
            f"sound: {report.size} entries, {report.openings} openings, the root recomputed and its signature checked"
        )
        if report.waiting:
            typer.echo(f"{report.waiting} more wait for the next checkpoint")
    else:
        for finding in report.findings:
            terminal.print(finding, style="red", markup=False, soft_wrap=True)
        typer.echo(f"NOT sound: {len(report.findings)} findings in {report.size} entries", err=True)
    if not report.is_sound:
        raise typer.Exit(1)


@log.command()
def prove(
    what: Annotated[str, typer.Argument(help="A place in the log (`leaf_index`), or the file of a message (.eml).")],
    tenant: ForTenant = None,
) -> None:
    """Print the proof (.tlog-proof) that an entry stands in the log; of a message, all its entries with openings."""
    if what.isascii() and what.isdigit():
        typer.echo(for_tenant(tenant, lambda house, owner: _proof(house, owner, what), may_lag=True).decode(), nl=False)
        return
    try:
        with Path(what).open("rb") as file:
            octets = file.read(MESSAGE_MAX_OCTETS)
    except OSError as error:
        raise Refusal(f"cannot read {what}: {error.strerror}") from error
    found = for_tenant(tenant, lambda house, owner: proving.prove_message(house, owner, octets), may_lag=True)
    if not found:
        raise Refusal("the record knows nothing of this message, or it was erased")
    typer.echo(json.dumps([one.spelled() for one in found], indent=2))


async def _proof(house: House, owner: TenantId, place: str) -> bytes:
    if len(place) > PLACE_MAX_DIGITS:
        raise NotInLogError(place)
    return await export.prove(house.blobs, owner, LeafIndex(int(place)))


@log.command("entry")
def print_entry(
    place: Annotated[int, typer.Argument(help="A place in the log, from 0: `leaf_index` of the entry.")],
    tenant: ForTenant = None,
) -> None:
    """Print the exact octets of an entry."""

    async def work(house: House, owner: TenantId) -> bytes:
        return await export.entry_bytes(house.blobs, owner, LeafIndex(place))

    typer.echo(for_tenant(tenant, work, may_lag=True).decode())


@log.command("vkey")
def print_vkey(tenant: ForTenant = None) -> None:
    """Print the log's verifier key: give it to whoever shall check."""

    async def work(house: House, owner: TenantId) -> str | None:
        async with house.db.transaction(owner) as tx:
            return await export.vkey(tx)

    found = for_tenant(tenant, work, may_lag=True)
    if found is None:
        raise Refusal("the log has no entry yet")
    typer.echo(found)


@log.command("recover")
def recover_() -> None:
    """After a restore to an older point: bring back what all logs have published, from the second store.

    What these entries say was sent, told or refused is not done again: the
    queues are held to them. Entries accepted since the restore under numbers
    that were given to others before get new ones.
    """
    settings = read_settings()

    async def work() -> tuple[list[recover.Recovered], int]:
        async with admin_keeper(settings, may_lag=True) as (house, keeper):
            second = second_store(settings, house.egress)
            settle = partial(restored.settle, at=house.clock(), entropy=house.entropy)
            done = await recover.recover(house.db, keeper.own, house.blobs, second, now=house.clock(), settle=settle)
            for each in done:
                public = {"entries": each.entries, "renumbered": each.renumbered, "settled": each.settled}
                await administer.note_act(house, each.tenant, "log.recover", public=public)
            if not done:
                await administer.note_house(house, "log.recover", {"entries": 0, "renumbered": 0})
            one = sequencer(settings, house)
            return done, sum([await one.mend(each) for each in await log_store.tenants_with_log(house.db)])

    try:
        done, made = asyncio.run(work())
    except (ForkError, LedgerError, recover.CannotRecoverError) as error:
        raise Refusal(str(error)) from error
    except BlobsUnavailableError as error:
        raise Refusal(f"a store of the log does not answer: {error}") from error
    for each in done:
        also = f", {each.renumbered} accepted since the restore have new numbers" if each.renumbered else ""
        also += f"; of what they say was done, {each.settled} will not be done again" if each.settled else ""
        typer.echo(f"{each.tenant}: {each.entries} entries came back{also}")
    if made:
        typer.echo(f"{made} files that stores of the log lacked were made again from the database's entries")
    typer.echo("`gatepost log verify` checks the whole" if done or made else "no log has lost anything")


@log.command("export")
def export_(
    to: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; it is made where there is none.")],
    *,
    proofs: Annotated[
        str, typer.Option(help="Proofs as files of their own, two for an entry: 17, 40-60, several of these, or all.")
    ] = "",
    tenant: ForTenant = None,
) -> None:
    """Write the log, its key and every entry to a folder an outsider can check with tools/verify_log.py.

    What was interrupted is no export yet, and says so: give the same
    folder again, and it goes on.
    """
    wanted = _places(proofs)

    async def work(house: House, owner: TenantId) -> int:
        await administer.note_act(house, owner, "record.export", public={"form": "log", "filters": []})
        await catch_up(house, owner)
        with bar("entries") as told:
            return await folder.export_log(house.db, house.blobs, owner, to, told, proofs=wanted)

    try:
        to.mkdir(parents=True, exist_ok=True)
        size = for_tenant(tenant, work)
    except OSError as error:
        raise Refusal(f"cannot write to {to}: {error.strerror}") from error
    typer.echo(f"wrote {size} entries to {to}: check it with `python tools/verify_log.py {to} --vkey FILE`")


def _places(asked: str) -> Callable[[int], Iterable[int]]:
    """Read which entries' proofs are wanted."""
    if asked == "all":
        return range
    parts = [part.strip().partition("-") for part in asked.split(",")] if asked else []
    try:
        ranges = [(int(first), int(last if dash else first)) for first, dash, last in parts]
    except ValueError as error:
        raise Refusal("name places in the log for --proofs: 17, 40-60, several with commas between, or all") from error
    if any(not 0 <= first <= last < 10**PLACE_MAX_DIGITS for first, last in ranges):
        raise Refusal("a range of places begins with the lower one")

    def wanted(size: int) -> Iterable[int]:
        if beyond := [last for _, last in ranges if last >= size]:
            raise NotInLogError(beyond[0])
        return sorted({place for first, last in ranges for place in range(first, last + 1)})

    return wanted
