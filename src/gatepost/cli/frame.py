"""What every command shares: the application object, the settings, and how an answer is printed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from gatepost import access, settings
from gatepost.app import administer
from gatepost.app.open import admin_house
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.settings import Settings

T = TypeVar("T")

app = typer.Typer(
    name="gatepost",
    help="A mail house for agents: verified mail in, a declared policy, a record outsiders can check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
terminal = Console()

ForTenant = Annotated[
    str | None, typer.Option("--tenant", "-t", help="The tenant's name or id, where there are several.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of settings.", metavar="FILE")]


class Refusal(Exception):  # noqa: N818  # it is an answer to a person, not a fault
    """The command cannot do as asked; the text says why and what to do instead."""


def read_settings(config: Path | None = None) -> Settings:
    """Return this process's settings."""
    return settings.from_process(config)


def with_house(work: Callable[[House], Awaitable[T]], config: Path | None = None) -> T:
    """Do ``work`` on the house of this state folder, whether it is up or not."""

    async def inside() -> T:
        async with admin_house(read_settings(config)) as house:
            return await work(house)

    return asyncio.run(inside())


def in_tenant(wanted: str | None, work: Callable[[House, TenantId], Awaitable[T]]) -> T:
    """Do ``work`` for the tenant of that name or id, or for the only one; there may be none such."""

    async def inside(house: House) -> T:
        return await work(house, (await administer.find_tenant(house, wanted)).id)

    try:
        return with_house(inside)
    except access.AccessError as error:
        raise Refusal(str(error)) from error


def show(rows: Sequence[dict[str, Any]], *, columns: Sequence[str], as_json: bool, empty: str) -> None:
    """Print rows as JSON, or as a table with these columns."""
    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str))
        return
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    terminal.print(table)
