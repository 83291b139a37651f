"""Errors nobody expected: what they are, where they were raised, how often. Never what they said."""

from typing import Annotated

import typer

from gatepost.app import administer
from gatepost.cli.frame import AsJson, Config, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.journey import House
from gatepost.trust import caught

commands = typer.Typer(help="Errors nobody expected, by kind and place.", no_args_is_help=True)
app.add_typer(commands, name="errors")


@commands.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List each kind of error, the latest first."""
    found = with_house(lambda house: caught.read_faults(house.db), config)
    rows = [
        {
            "id": each.fingerprint,
            "kind": each.kind,
            "place": each.place,
            "during": each.during,
            "count": each.count,
            "first": each.first_at,
            "last": each.last_at,
        }
        for each in found
    ]
    show(rows, columns=("id", "kind", "place", "during", "count", "first", "last"), as_json=as_json, empty="none")


@commands.command("clear")
def clear_(error: Annotated[str, typer.Argument(help="Its id.", metavar="ID")], *, config: Config = None) -> None:
    """Forget one kind of error, as after it was mended: if it comes again, it is new."""

    async def work(house: House) -> bool:
        is_there = await caught.clear(house.db, error)
        if is_there:
            await administer.note_house(house, "errors.clear", {"fingerprint": error})
        return is_there

    if not with_house(work, config):
        raise Refusal("there is no such error: gatepost errors list")
    typer.echo(f"{error} is forgotten")
