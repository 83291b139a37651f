"""Entries of the record for people: find them, show one, take them out as a list; and what an entry may tell."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import Progress

from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, Refusal, one_of, show
from gatepost.cli.record import for_tenant, log
from gatepost.decide.paper import Outcome
from gatepost.ids import AccountId, EntryId, TenantId
from gatepost.journey import House
from gatepost.record import listing, search, vocabulary
from gatepost.record.listing import Form, Piece
from gatepost.record.paper import Kind
from gatepost.record.search import Page, Sought
from gatepost.record.word_store import Row

COLUMNS = ("at", "action", "outcome", "reason", "sender", "recipient", "actor", "entry", "leaf_index")

Words = Annotated[list[str] | None, typer.Argument(help="Words, all of which must be there.")]
OfKind = Annotated[Kind | None, typer.Option("--kind", help=one_of(Kind, "Of this kind only."), show_choices=False)]
OfAction = Annotated[str | None, typer.Option("--action", help="Such as policy.set: see `gatepost log actions`.")]
OfActor = Annotated[str | None, typer.Option("--actor", help="Who did it: a key's id, house, operator.")]
OfOutcome = Annotated[
    Outcome | None, typer.Option("--outcome", help=one_of(Outcome, "What became of mail."), show_choices=False)
]
OfReason = Annotated[str | None, typer.Option("--reason", help="A reason code, or a guard's own reason.")]
From = Annotated[str | None, typer.Option("--from", help="The sender: an address, or a domain.")]
To = Annotated[str | None, typer.Option("--to", help="The recipient: an address, or a domain.")]
InMailbox = Annotated[int | None, typer.Option("--mailbox", "-m", help="About this mailbox only.")]
OfMessage = Annotated[
    str | None, typer.Option("--message", help="About this message only: the reference its sender was given.")
]
OfThread = Annotated[str | None, typer.Option("--thread", help="Of this thread only.")]
Since = Annotated[datetime | None, typer.Option(help="Not before; UTC where no zone is given.")]
Until = Annotated[datetime | None, typer.Option(help="Before.")]


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _sought(  # the filters, one option each
    *,
    words: list[str] | None,
    kind: Kind | None,
    action: str | None,
    actor: str | None,
    outcome: Outcome | None,
    reason: str | None,
    sender: str | None,
    recipient: str | None,
    mailbox: int | None,
    message: str | None,
    thread: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Sought:
    made = Sought(
        account=None if mailbox is None else AccountId(mailbox),
        facts={
            "kind": kind,
            "action": action,
            "actor": actor,
            "message": message,
            "thread": thread,
            "outcome": outcome,
            "reason": reason,
        },
        sender=sender,
        recipient=recipient,
        text=" ".join(words) if words else None,
        since=_utc(since),
        until=_utc(until),
    )
    try:
        search.terms_for(made)
    except search.QueryError as error:
        raise Refusal(str(error)) from error
    return made


@log.command("search")
def search_(  # the filters, one option each
    words: Words = None,
    *,
    kind: OfKind = None,
    action: OfAction = None,
    actor: OfActor = None,
    outcome: OfOutcome = None,
    reason: OfReason = None,
    sender: From = None,
    recipient: To = None,
    mailbox: InMailbox = None,
    message: OfMessage = None,
    thread: OfThread = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Continue where a page ended: it prints from where.")] = None,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Find entries of every kind, newest first; all filters that are given must hold."""
    sought = _sought(
        words=words,
        kind=kind,
        action=action,
        actor=actor,
        outcome=outcome,
        reason=reason,
        sender=sender,
        recipient=recipient,
        mailbox=mailbox,
        message=message,
        thread=thread,
        since=since,
        until=until,
    )
    try:
        place = None if after is None else search.place_of(after)
    except search.QueryError as error:
        raise Refusal(str(error)) from error

    async def work(house: House, owner: TenantId) -> Page:
        async with house.db.transaction(owner) as tx:
            return await search.page(tx, sought, limit=limit, after=place)

    page = for_tenant(tenant, work)
    rows = [listing.shown(row) for row in page.rows]
    if page.unindexed > search.UNINDEXED_MAX:
        typer.echo(f"{page.unindexed} entries wait to be indexed; only the last of them were looked through", err=True)
    show(rows, columns=COLUMNS, as_json=as_json, empty="nothing found")
    if page.after is not None:
        typer.echo(f"more: --after {search.cursor_of(page.after)}", err=as_json)
    if not rows and action is not None and action not in vocabulary.VOCABULARY:
        typer.echo(f"no action is called {action}: see `gatepost log actions`", err=True)


@log.command("show")
def show_(
    entry: Annotated[int, typer.Argument(help="The entry's number, as `gatepost log search` shows it.")],
    tenant: ForTenant = None,
) -> None:
    """Print one entry as JSON: what stands in its leaf, and what it opens."""

    async def work(house: House, owner: TenantId) -> Row | None:
        async with house.db.transaction(owner) as tx:
            return await search.one(tx, EntryId(entry))

    row = for_tenant(tenant, work)
    if row is None:
        raise Refusal("there is no entry of that number: `gatepost log search` shows them")
    typer.echo(json.dumps(listing.shown(row), indent=2))


@log.command("list")
def list_(  # the filters, one option each
    file: Annotated[Path, typer.Argument(help="Where to; - for standard output.")],
    words: Words = None,
    *,
    form: Annotated[Form, typer.Option("--format", help="One JSON object a line, or a table.")] = Form.NDJSON,
    kind: OfKind = None,
    action: OfAction = None,
    actor: OfActor = None,
    outcome: OfOutcome = None,
    reason: OfReason = None,
    sender: From = None,
    recipient: To = None,
    mailbox: InMailbox = None,
    message: OfMessage = None,
    thread: OfThread = None,
    since: Since = None,
    until: Until = None,
    tenant: ForTenant = None,
) -> None:
    """Take out all entries that are found, newest first. The taking becomes an entry itself."""
    sought = _sought(
        words=words,
        kind=kind,
        action=action,
        actor=actor,
        outcome=outcome,
        reason=reason,
        sender=sender,
        recipient=recipient,
        mailbox=mailbox,
        message=message,
        thread=thread,
        since=since,
        until=until,
    )

    async def work(house: House, owner: TenantId) -> int:
        named = search.named(sought)
        act = await administer.note_act(
            house,
            owner,
            "record.export",
            public={"form": form.value, "filters": [*sorted(named)]},
            private={"asked": named} if named else {},
        )
        pieces = listing.pieces(house.db, owner, sought, now=house.clock(), below=act)
        with _taking(file) as out:
            return await _write(out, form, pieces)

    try:
        count = for_tenant(tenant, work)
    except OSError as error:
        raise Refusal(f"cannot write to {file}: {error.strerror}") from error
    typer.echo(f"{count} entries", err=True)


def _taking(file: Path) -> AbstractContextManager[BinaryIO]:
    """Open what entries are written to; a new file is its owner's alone, for it says who wrote to whom."""
    if str(file) == "-":
        return nullcontext(sys.stdout.buffer)
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


async def _write(out: BinaryIO, form: Form, pieces: AsyncIterator[Piece]) -> int:
    count = 0
    out.write(listing.header(form))
    with Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("entries", total=1.0)
        async for piece in pieces:
            out.writelines(listing.line(row, form) for row in piece.rows)
            count += len(piece.rows)
            progress.update(bar, completed=piece.share, description=f"{count:,} entries")
    out.flush()
    return count


@log.command("actions")
def actions(*, markdown: Annotated[bool, typer.Option(help="Print the tables of docs/record.md.")] = False) -> None:
    """List everything an entry may tell."""
    if markdown:
        typer.echo(vocabulary.reference(), nl=False)
        return
    rows = [
        {"kind": of.kind.value, "action": action, "tells": " ".join((of.__doc__ or "").split())}
        for action, of in vocabulary.VOCABULARY.items()
    ]
    show(rows, columns=("kind", "action", "tells"), as_json=False, empty="")
