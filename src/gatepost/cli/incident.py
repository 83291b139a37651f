"""Incidents and maintenance: open, update, mark awareness and steps, see the clocks. Each word is a leaf."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatepost.act import standard_secret
from gatepost.app import administer
from gatepost.app.build import clock
from gatepost.cli.frame import AsJson, Config, Refusal, one_of, read_settings, show, with_house
from gatepost.cli.menu import app
from gatepost.ids import EntryId
from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact
from gatepost.trust import Operator, OperatorError, clocks, incidents, oncall, pager, posts, read_operator, status
from gatepost.trust.affected import Affected, affected
from gatepost.trust.cases import CaseError
from gatepost.trust.clocks import Deadline, Kind
from gatepost.trust.incidents import Impact, Incident, IncidentError, State
from gatepost.trust.pack import Packed, PackError, pack
from gatepost.trust.uptime import Component

T = TypeVar("T")

commands = typer.Typer(help="Incidents and maintenance, and the clocks they start.", no_args_is_help=True)
app.add_typer(commands, name="incident")

Identifier = Annotated[str, typer.Argument(help="The incident's id.", metavar="INCIDENT")]
Body = Annotated[str, typer.Option("--body", "-b", help="What to say in public; at most 1000 octets.")]
By = Annotated[str, typer.Option("--by", help="Your reference, as in people.toml: it stands in the public log.")]
Parts = Annotated[
    list[Component] | None,
    typer.Option("--part", "-p", help=one_of(Component, "A part it touches; may be repeated."), show_choices=False),
]


@commands.command("open")
def open_(
    name: Annotated[str, typer.Argument(help="Its public name.")],
    body: Body,
    *,
    impact: Annotated[Impact, typer.Option(help=one_of(Impact, "How bad it is."), show_choices=False)] = Impact.MINOR,
    kind: Annotated[
        Kind, typer.Option(help=one_of(Kind, "What happened, as far as laws ask."), show_choices=False)
    ] = Kind.INCIDENT,
    part: Parts = None,
    aware: Annotated[bool, typer.Option("--aware", help="Its clocks start now.")] = False,
    exercise: Annotated[bool, typer.Option("--exercise", help="A drill: in the log, not on the page.")] = False,
    config: Config = None,
) -> None:
    """Open an incident; print its id."""

    async def work(house: House) -> str:
        identifier = incidents.new_id(house.entropy)
        fact = incidents.opened(
            identifier,
            name=name,
            state=State.INVESTIGATING,
            impact=impact,
            body=body,
            at=house.clock(),
            kind=kind,
            components=part or (),
            is_exercise=exercise,
        )
        await status.say(house.db, fact, entropy=house.entropy)
        if aware:
            await _say(house, identifier, lambda it: incidents.marked(it, clocks.AWARE, at=house.clock()))
        return identifier

    typer.echo(_on_house(work, config))


@commands.command()
def plan(
    name: Annotated[str, typer.Argument(help="Its public name.")],
    body: Body,
    *,
    begins: Annotated[datetime, typer.Option(help="When it begins, UTC.")],
    ends: Annotated[datetime, typer.Option(help="When it ends, UTC.")],
    part: Parts = None,
    config: Config = None,
) -> None:
    """Announce maintenance; print its id."""

    async def work(house: House) -> str:
        if _utc(ends) <= house.clock():
            raise IncidentError(f"it would have ended at {_utc(ends):%Y-%m-%d %H:%M} UTC: give a time to come")
        identifier = incidents.new_id(house.entropy)
        fact = incidents.opened(
            identifier,
            name=name,
            state=State.SCHEDULED,
            impact=Impact.MAINTENANCE,
            body=body,
            at=house.clock(),
            components=part or (),
            window=(_utc(begins), _utc(ends)),
        )
        await status.say(house.db, fact, entropy=house.entropy)
        return identifier

    typer.echo(_on_house(work, config))


@commands.command()
def update(
    incident: Identifier,
    state: Annotated[State, typer.Argument(help=one_of(State, "Where it stands now."), show_choices=False)],
    body: Body,
    *,
    impact: Annotated[
        Impact | None, typer.Option(help=one_of(Impact, "How bad it is, where that has changed."), show_choices=False)
    ] = None,
    config: Config = None,
) -> None:
    """Say something further, or that it is over, or what was learned from it."""

    async def work(house: House) -> EntryId:
        return await _say(
            house,
            incident,
            lambda it: incidents.updated(it, state=state, body=body, at=house.clock(), impact=impact),
        )

    typer.echo(f"stated as entry {_on_house(work, config)} of the public trust log")


@commands.command()
def mark(
    incident: Identifier,
    event: Annotated[str, typer.Argument(help="aware, classified, fix_available, or a step's id: it was done.")],
    *,
    config: Config = None,
) -> None:
    """State that an anchor of clocks has happened now, or that a step was done now."""

    async def work(house: House) -> EntryId:
        return await _say(house, incident, lambda it: incidents.marked(it, event, at=house.clock()))

    typer.echo(f"stated as entry {_on_house(work, config)} of the public trust log")


@commands.command("clocks")
def clocks_(incident: Identifier, *, config: Config = None, as_json: AsJson = False) -> None:
    """Show what is due by when, and the next reminder. Exit 1 where a clock was missed."""
    found = _on_house(lambda house: _known(house, incident), config)
    now = clock()
    rows = [_row(each, now) for each in found.deadlines()]
    columns = ("step", "who", "to", "due", "latest", "state", "remind")
    show(rows, columns=columns, as_json=as_json, empty="no clock runs: mark it `aware` first")
    if any(row["state"] == "missed" for row in rows):
        raise typer.Exit(1)


def _row(deadline: Deadline, now: datetime) -> dict[str, Any]:
    return {
        "step": deadline.rule.id,
        "who": deadline.rule.who,
        "to": deadline.rule.to,
        "due": deadline.due_at or f"after {deadline.rule.anchor}",
        "latest": deadline.latest_at or "",
        "state": deadline.state(now),
        "remind": next((each for each in deadline.reminders() if each > now), ""),
        "source": deadline.rule.source,
    }


@commands.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List what was stated in the last 90 days: the case register."""
    found = _on_house(lambda house: status.read_incidents(house, house.clock() - status.WINDOW), config)
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "kind": each.kind.value,
            "status": each.state.value,
            "impact": each.impact.value,
            "opened": each.opened_at,
            "exercise": each.is_exercise,
        }
        for each in found
    ]
    columns = ("id", "name", "kind", "status", "impact", "opened", "exercise")
    show(rows, columns=columns, as_json=as_json, empty="none")


@commands.command("affected")
def affected_(
    *,
    since: Annotated[datetime, typer.Option(help="From then on, UTC.")],
    until: Annotated[datetime, typer.Option(help="Up to then, UTC.")],
    reason: Annotated[str | None, typer.Option(help="Only entries with this reason.")] = None,
    own: Annotated[bool, typer.Option("--own", help="The house's own tenants too, as in an exercise.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Compute from the record whom a window of time concerns: counts only. For the notices to each controller."""

    async def work(house: House) -> list[Affected]:
        return await affected(house.db, _utc(since), _utc(until), facts={"reason": reason}, own=own)

    rows = [asdict(each) for each in _on_house(work, config)]
    columns = ("tenant", "entries", "messages", "mailboxes", "people", "unreadable", "is_whole")
    show(rows, columns=columns, as_json=as_json, empty="no entry of a customer lies in that window")


@commands.command("pack")
def pack_(
    incident: Identifier,
    tenant: Annotated[str, typer.Argument(help="The tenant's name or id.")],
    *,
    since: Annotated[datetime, typer.Option(help="From then on, UTC.")],
    until: Annotated[datetime, typer.Option(help="Up to then, UTC.")],
    out: Annotated[Path, typer.Option(help="The archive to write.")],
    reason: Annotated[str | None, typer.Option(help="Only entries with this reason.")] = None,
    config: Config = None,
) -> None:
    """Write what this tenant needs for its own notification: whom it concerns, what, when, with proofs."""

    async def work(house: House) -> Packed:
        found = await administer.find_tenant(house, tenant)
        packed = await pack(house, await _known(house, incident), found.id, _utc(since), _utc(until), reason=reason)
        said: dict[str, Json] = {"form": "pack", "filters": ["since", "until", *(["reason"] if reason else [])]}
        await administer.note_act(house, found.id, "record.export", public=said)
        return packed

    try:
        packed = _on_house(work, config)
        out.touch(mode=0o600, exist_ok=False)
        out.write_bytes(packed.octets)
    except PackError as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"cannot write {out}: {error.strerror}") from error
    typer.echo(f"{len(packed.emails)} messages: {out}. What a person must add is named in notice.json")


@commands.command("alerts")
def alerts_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List the alerts of the last 30 days, newest first. Exit 1 where nobody has acknowledged one in time."""
    now = clock()
    rows = [
        {
            "id": each.id,
            "kind": each.cause.kind.value,
            "about": each.cause.about,
            "raised": each.raised_at,
            "called": ", ".join(f"level {level}" for level in sorted(each.tries)),
            "state": each.state(now),
            "by": each.by,
        }
        for each in reversed(_on_house(oncall.read_alerts, config))
    ]
    columns = ("id", "kind", "about", "raised", "called", "state", "by")
    show(rows, columns=columns, as_json=as_json, empty="none")
    if any(row["state"] == "overdue" for row in rows):
        raise typer.Exit(1)


@commands.command("acknowledge")
def acknowledge_(
    about: Annotated[str, typer.Argument(help="An alert's id, or what it is about.", metavar="ALERT")],
    *,
    by: By,
    config: Config = None,
) -> None:
    """State that you take it on: nobody further up is called."""
    for each in _on_house(lambda house: oncall.acknowledge(house, about, by=by), config):
        typer.echo(f"{each} is acknowledged")


@commands.command("secret")
def secret_(*, config: Config = None) -> None:
    """Print the secret that calls and notices by webhook are signed with (Standard Webhooks)."""
    typer.echo(_on_house(_secret, config))


async def _secret(house: House) -> str:
    return standard_secret(pager.secret(house))


@commands.command("drafts")
def drafts_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List what could be told elsewhere and waits for a person."""
    connectors = _operator(config).connectors
    rows = [
        {"id": each.id, "connector": each.connector.id, "text": each.said("")["text"]}
        for each in _on_house(lambda house: posts.drafts(house, connectors), config)
    ]
    show(rows, columns=("id", "connector", "text"), as_json=as_json, empty="none")


@commands.command("post")
def post_(
    draft: Annotated[str, typer.Argument(help="The draft's id.", metavar="DRAFT")], *, by: By, config: Config = None
) -> None:
    """Let a draft go: the house that is up sends it."""
    connectors = _operator(config).connectors
    _on_house(lambda house: posts.approve(house, connectors, draft, by=by), config)
    typer.echo(f"{draft} is approved")


def _operator(config: Path | None) -> Operator:
    folder = read_settings(config).trust.operator
    if not folder:
        raise Refusal("trust.operator names no folder: docs/trust.md")
    try:
        return read_operator(Path(folder))
    except OperatorError as error:
        raise Refusal(f"{folder} cannot be read: gatepost trust lint") from error


async def _known(house: House, identifier: str) -> Incident:
    found = await status.read_incident(house, identifier)
    if found is None:
        raise Refusal("there is no such incident: gatepost incident list")
    return found


async def _say(house: House, identifier: str, word: Callable[[Incident], Fact]) -> EntryId:
    return await status.say(house.db, word(await _known(house, identifier)), entropy=house.entropy)


def _on_house(work: Callable[[House], Awaitable[T]], config: Path | None) -> T:
    try:
        return with_house(work, config)
    except (IncidentError, CaseError) as error:
        raise Refusal(str(error)) from error


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
