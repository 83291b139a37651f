"""What people of the operator did: enter it in the public log, and list what was entered."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gatepost import trust
from gatepost.app.build import clock
from gatepost.cli.frame import AsJson, Config, Refusal, one_of, show, with_house
from gatepost.cli.subprocessor import operator_of
from gatepost.cli.trust import Folder, commands
from gatepost.journey import House
from gatepost.trust import deeds
from gatepost.trust.deeds import Deed, DeedError, DeedKind

deed = typer.Typer(help="What people did, dated by the public log.", no_args_is_help=True)
commands.add_typer(deed, name="deed")


@deed.command()
def enter(
    kind: Annotated[DeedKind, typer.Argument(help=one_of(DeedKind, "What was done."), show_choices=False)],
    about: Annotated[str, typer.Argument(help="Of which row: a member, document, release, transfer or commitment.")],
    *,
    by: Annotated[str, typer.Option(help="Who did it: a reference of people.toml.")],
    on: Annotated[datetime | None, typer.Option(help="On which day; today without it.", formats=["%Y-%m-%d"])] = None,
    beside: Annotated[str, typer.Option(help="Who else took part, as the author at a security review.")] = "",
    evidence: Annotated[
        Path | None,
        typer.Option(help="A file that shows it; its SHA-256 alone is stated.", exists=True, dir_okay=False),
    ] = None,
    operator: Folder = None,
    config: Config = None,
) -> None:
    """State in the public log who did what on which day, and about which octets. It cannot be taken back."""
    now = clock()
    new = Deed(
        kind=kind,
        about=about,
        by=by,
        on=on.date() if on else now.date(),
        sha256=hashlib.sha256(evidence.read_bytes()).hexdigest() if evidence else "",
        beside=beside,
        at=now,
    )
    folder = operator_of(operator, config)
    try:
        made = with_house(lambda house: deeds.enter(house, folder, new), config)
    except DeedError as error:
        raise Refusal(str(error)) from error
    typer.echo(f"{about}: {kind} on {made.on} by {by}; stated")


@deed.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """Show the newest entry of each kind about each row, as far as the log bears it out."""

    async def work(house: House) -> list[dict[str, Any]]:
        found = sorted((await trust.read_deeds(house)).values(), key=lambda each: (each.kind, each.about))
        return [
            {
                "kind": each.kind.value,
                **each.public,
                "entered": each.at.date().isoformat(),
            }
            for each in found
        ]

    columns = ("kind", "about", "by", "on", "entered", "sha256")
    show(with_house(work, config), columns=columns, as_json=as_json, empty="nothing was entered yet")
