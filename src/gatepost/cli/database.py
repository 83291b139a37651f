"""The embedded PostgreSQL as one file: for a backup, a move, another major version."""

from pathlib import Path
from typing import Annotated

import typer

from gatepost.app.dumping import dump_house, restore_house
from gatepost.cli.admin import group_of
from gatepost.cli.frame import Config, Refusal, read_settings

databases = group_of("database", "The embedded PostgreSQL's data: dump them, restore them.")

Dump = Annotated[Path, typer.Argument(metavar="FILE", help="A file of pg_dump's custom format.")]


@databases.command("dump")
def dump_(file: Dump, config: Config = None) -> None:
    """Write the whole database to a file, while the house is down.

    What stands in it is sealed: without the folder keys nobody reads it.
    """
    try:
        octets = dump_house(read_settings(config), file)
    except OSError as error:
        raise Refusal(f"cannot write {file}: {error.strerror}") from error
    typer.echo(f"{octets:,} octets in {file}; copy the keys after it, and the bodies.", err=True)


@databases.command("restore")
def restore_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `dump` wrote.", exists=True, dir_okay=False)],
    config: Config = None,
) -> None:
    """Take a dump for the database of a house that has its keys and no data.

    A dump of an earlier release is brought up to this one.
    """
    restore_house(read_settings(config), file.resolve())
    typer.echo("Restored. Bring its logs together with `gatepost log recover`, then start the house.", err=True)
