"""Releases: which build this is, and that one entered beta with its evidence."""

from pathlib import Path
from typing import Annotated

import typer

import gatepost
from gatepost.app.build import clock
from gatepost.cli.frame import Config, Refusal, with_house
from gatepost.cli.menu import app
from gatepost.trust import release
from gatepost.trust.release import Entered, ReleaseError

commands = typer.Typer(help="Releases: builds and their evidence.", no_args_is_help=True)
app.add_typer(commands, name="release")


@commands.command("build")
def build_() -> None:
    """Print the SHA-256 of this program's files: what `enter` wants of the build that is in beta."""
    typer.echo(release.build_of(Path(gatepost.__file__).parent))


@commands.command("enter")
def enter_(
    version: Annotated[str, typer.Argument(help="The version.")],
    build: Annotated[str, typer.Argument(help="What `gatepost release build` printed where it is in beta.")],
    *,
    commit: Annotated[str, typer.Option(help="The commit it was made of.")],
    report: Annotated[Path, typer.Option(help="The test report, JUnit XML.", exists=True, dir_okay=False)],
    author: Annotated[str, typer.Option(help="Who wrote it: a reference, as in people.toml.")],
    reviewer: Annotated[str, typer.Option(help="Who else read it; none where there is nobody else.")] = "",
    config: Config = None,
) -> None:
    """State in the public log that a build entered beta, with what its tests came to."""
    try:
        with report.open("rb") as file:
            results = release.read_report(file.read(release.REPORT_MAX_OCTETS + 1))
        new = Entered(
            build=build,
            version=version[:64],
            commit=commit[:64],
            author=author[:64],
            reviewer=reviewer[:64],
            results=results,
            at=clock(),
        )
        with_house(lambda house: release.enter(house, new), config)
    except (OSError, ReleaseError) as error:
        raise Refusal(f"{version} did not enter beta: {error}") from error
    typer.echo(f"{version}: {results.tests} tests, {results.failed} failed; stated")
