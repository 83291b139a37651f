"""The document room: publish papers, let visitors in or not, see who saw what."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gatepost.app.administer import OPERATOR
from gatepost.cli.frame import AsJson, Config, Refusal, show, with_house
from gatepost.cli.trust import commands
from gatepost.journey import House
from gatepost.record.trust_log import TRUST
from gatepost.trust import room
from gatepost.trust.room import File, State

rooms = typer.Typer(help="The document room.", no_args_is_help=True)
commands.add_typer(rooms, name="room")

Id = Annotated[str, typer.Argument(help="The request's id.", metavar="REQUEST")]
DAYS_MAX = 365


@rooms.command()
def publish(
    folder: Annotated[Path, typer.Argument(help="The folder with room.toml.")], *, config: Config = None
) -> None:
    """Put what a folder holds into the room: room.toml, nda.md, and the papers it names. They are kept sealed."""

    async def work(house: House) -> list[File]:
        return await room.publish(house, folder, by=OPERATOR)

    try:
        made = with_house(work, config)
    except room.StockError as error:
        raise Refusal(str(error)) from error
    papers = "1 paper lies" if len(made) == 1 + 1 else f"{len(made) - 1} papers lie"
    typer.echo(f"{papers} in the room; who agreed to another text before agrees anew")


@rooms.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List requests, newest first, with what their askers wrote."""

    async def work(house: House) -> list[dict[str, Any]]:
        async with house.db.transaction(TRUST) as tx:
            found = await room.grants(tx)
        return [
            {
                "id": each.id,
                "state": each.state.value,
                "asked": each.asked_at,
                "until": each.expires_at or "",
                "agreed": each.nda_sha256[:16],
                **asdict(each.visitor),
            }
            for each in found
        ]

    columns = ("id", "state", "asked", "until", "agreed", "name", "company", "address", "why")
    show(with_house(work, config), columns=columns, as_json=as_json, empty="nobody asked")


@rooms.command()
def approve(
    request: Id,
    *,
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, help="How long it lasts.")] = 30,
    config: Config = None,
) -> None:
    """Let a visitor in: they are mailed a link."""
    _decide(request, State.APPROVED, config, days)


@rooms.command()
def refuse(request: Id, *, config: Config = None) -> None:
    """Let a visitor not in. They are told nothing."""
    _decide(request, State.REFUSED, config)


@rooms.command()
def revoke(request: Id, *, config: Config = None) -> None:
    """Let a visitor in no more, from now on."""
    _decide(request, State.REVOKED, config)


@rooms.command()
def views(*, config: Config = None, as_json: AsJson = False) -> None:
    """List every view, newest first, with its entry of the record."""

    async def work(house: House) -> list[dict[str, Any]]:
        async with house.db.transaction(TRUST) as tx:
            return [asdict(each) for each in await room.views(tx)]

    columns = ("at", "grant", "file", "sha256", "entry")
    show(with_house(work, config), columns=columns, as_json=as_json, empty="nobody looked")


def _decide(request: str, state: State, config: Path | None, days: int = 0) -> None:
    async def work(house: House) -> bool:
        return await room.decide(house, request, state, days=days, by=OPERATOR)

    if not with_house(work, config):
        raise Refusal("no such request waits for that: gatepost trust room list")
    typer.echo(f"{request}: {state}")
