"""Findings of scans: read in, triaged, mended, deployed, each step with its time in the public log."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gatepost.app.build import clock
from gatepost.cli.frame import AsJson, Config, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.record.trust_log import Fact
from gatepost.trust import scans, weakness
from gatepost.trust.cases import CaseError
from gatepost.trust.weakness import Severity, Weakness, WeaknessError

commands = typer.Typer(help="Weak points: scans, findings and their clocks.", no_args_is_help=True)
app.add_typer(commands, name="findings")

Identifier = Annotated[str, typer.Argument(help="The finding's id.", metavar="FINDING")]


@commands.command("import")
def import_(
    report: Annotated[Path, typer.Argument(help="What `pip-audit -f json` wrote.", exists=True, dir_okay=False)],
    *,
    asset: Annotated[str, typer.Option(help="What was scanned: as disclosure.toml names it.")] = "gatepost",
    config: Config = None,
) -> None:
    """Read a scan in. Exit 1 where it found something new."""
    octets = report.read_bytes()[: scans.REPORT_MAX_OCTETS + 1]
    try:
        taken = with_house(lambda house: scans.take(house, asset[:64], octets), config)
    except WeaknessError as error:
        raise Refusal(f"{report} is no evidence: {error}") from error
    typer.echo(f"{taken.packages} packages; new: {', '.join(taken.fresh) or 'none'}")
    if taken.fresh:
        raise typer.Exit(1)


@commands.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List findings with their clocks, newest first. Exit 1 where one is overdue."""
    now = clock()
    rows = [
        {
            "id": each.id,
            "package": each.package,
            "severity": each.severity.value if each.severity else "",
            "state": each.state(now),
            "detected": each.detected_at,
            "due": each.due_at() or "",
        }
        for each in reversed(with_house(scans.read_weaknesses, config))
    ]
    columns = ("id", "package", "severity", "state", "detected", "due")
    show(rows, columns=columns, as_json=as_json, empty="none")
    if any("overdue" in str(row["state"]) for row in rows):
        raise typer.Exit(1)


@commands.command("triage")
def triage_(
    finding: Identifier,
    severity: Annotated[Severity, typer.Argument(help="How bad it is for this house.")],
    *,
    by: Annotated[str, typer.Option("--by", help="Your reference, as in people.toml.")],
    accept: Annotated[str, typer.Option(help="Why nothing is to be mended, where so: it is public.")] = "",
    config: Config = None,
) -> None:
    """State how bad it is, and that it is to be mended or why not."""

    def say(known: Weakness, now: datetime) -> Fact:
        return weakness.triaged(known, severity, by=by, at=now, accepted=accept)

    _step(finding, say, config)


@commands.command("fix")
def fix_(
    finding: Identifier, commit: Annotated[str, typer.Argument(help="The commit.")], *, config: Config = None
) -> None:
    """State which commit mends it."""
    _step(finding, lambda known, now: weakness.fixed(known, commit, at=now), config)


@commands.command("deploy")
def deploy_(
    finding: Identifier, version: Annotated[str, typer.Argument(help="The version.")], *, config: Config = None
) -> None:
    """State that a version which mends it runs."""
    _step(finding, lambda known, now: weakness.deployed(known, version, at=now), config)


def _step(finding: str, say: scans.Say, config: Path | None) -> None:
    try:
        with_house(lambda house: scans.step(house, finding, say), config)
    except (WeaknessError, CaseError) as error:
        raise Refusal(str(error)) from error
    typer.echo(f"{finding}: stated")
