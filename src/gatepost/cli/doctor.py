"""``gatepost doctor`` and what it looks like on a terminal."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gatepost.app.doctor import Finding, Level, examine, worst
from gatepost.cli.frame import Config, read_settings
from gatepost.cli.menu import app
from gatepost.cli.table import terminal

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red"}


@app.command()
def doctor(
    *,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    brief: Annotated[bool, typer.Option("--brief", help="Leave out what is well.")] = False,
) -> None:
    """Look at ports, DNS, certificates, clock, disk, database and keys, and say what to do next."""
    found = asyncio.run(examine(read_settings(config)))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        _print([finding for finding in found if not brief or finding.level is not Level.OK])
        _conclude(found)
    if worst(found) is Level.FAILURE:
        raise typer.Exit(1)


def _print(found: Sequence[Finding]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in found:
        said = Text(finding.said)
        if finding.next_step:
            said.append(f"\nnext: {finding.next_step}", style="bold")
        table.add_row(Text(finding.level.value, style=_STYLES[finding.level]), finding.check, said)
    terminal.print(table)


def _conclude(found: Sequence[Finding]) -> None:
    count = {level: sum(finding.level is level for finding in found) for level in Level}
    text = f"{count[Level.OK]} well, {_many(count[Level.WARNING], 'warning')}, {_many(count[Level.FAILURE], 'failure')}"
    terminal.print(Padding(Text(text, style=_STYLES[worst(found)]), (1, 0, 0, 0)))


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
