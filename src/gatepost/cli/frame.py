"""What every command shares: the settings, the house, and how an answer is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gatepost import settings
from gatepost.cli.refusal import Refusal as Refusal  # noqa: PLC0414  # commands find all that they share here
from gatepost.ids import TenantId
from gatepost.settings import Settings

if TYPE_CHECKING:  # it stands on every room, and some commands stand on none
    from gatepost.journey import House

T = TypeVar("T")

ForTenant = Annotated[
    str | None, typer.Option("--tenant", "-t", help="The tenant's name or id, where there are several.")
]
OfMailbox = Annotated[int, typer.Argument(help="The mailbox's number: gatepost mailbox list.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="A TOML file of settings.", metavar="FILE")]


def read_octets(file: Path) -> bytes:
    """Return what a file holds, or standard input where it is ``-``; raises ``Refusal`` where it cannot be read."""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot read {file}: {error.strerror}") from error


def one_of(choices: type[StrEnum], what: str) -> str:
    """Return the help for an option of these choices, for beside ``show_choices=False``.

    The column of types breaks them in the middle of a word at 80 columns.
    """
    return f"{what} One of {', '.join(choices)}."


def read_settings(config: Path | None = None) -> Settings:
    """Return this process's settings."""
    return settings.from_process(config)


def with_house(
    work: Callable[[House], Awaitable[T]],
    config: Path | None = None,
    *,
    may_lag: bool = False,
    older_keys: bool = False,
) -> T:
    """Do ``work`` on the house of this state folder, whether it is up or not (``admin_house``)."""
    import asyncio  # noqa: PLC0415  # as the next

    from gatepost.app.open import admin_house  # noqa: PLC0415  # not every command needs a house

    async def inside() -> T:
        async with admin_house(read_settings(config), may_lag=may_lag, older_keys=older_keys) as house:
            return await work(house)

    return asyncio.run(inside())


def in_tenant(wanted: str | None, work: Callable[[House, TenantId], Awaitable[T]]) -> T:
    """Do ``work`` for the tenant of that name or id, or for the only one; there may be none such."""
    from gatepost import access  # noqa: PLC0415  # as the next
    from gatepost.app import administer  # noqa: PLC0415  # not every command needs a house

    async def inside(house: House) -> T:
        return await work(house, (await administer.find_tenant(house, wanted)).id)

    try:
        return with_house(inside)
    except access.AccessError as error:
        raise Refusal(str(error)) from error


def show(rows: Sequence[dict[str, Any]], *, columns: Sequence[str], as_json: bool, empty: str) -> None:
    """Print rows as JSON, or as a table with these columns.

    Only the last column is folded: an id or an address in pieces can neither be copied nor found. What does not fit
    is left to the terminal, and what goes to a pipe is one line a row. Cells are text and nothing else, whoever wrote
    them: no markup, no control characters.
    """
    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=str))
        return
    if not rows:
        typer.echo(empty)
        return
    from gatepost.cli.table import draw  # noqa: PLC0415  # megabytes of rich, of which a house that serves holds none

    draw([[_cell(row[column]) for column in columns] for row in rows], columns)


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:%Y-%m-%d %H:%M:%S}Z" if isinstance(value, datetime) else str(value)
    return "".join(character if character.isprintable() else " " for character in text)
