"""The case register: reports of vulnerabilities, abuse and data subjects, and how soon each was acknowledged."""

import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gatepost import mailbox
from gatepost.app.build import clock
from gatepost.cli.frame import AsJson, Config, Refusal, one_of, read_settings, show, with_house
from gatepost.cli.menu import app
from gatepost.journey import House
from gatepost.trust import OperatorError, intake, read_operator
from gatepost.trust.cases import CaseError, Ending, Sort, Way

T = TypeVar("T")
TEXT_MAX_CHARS = 20_000

commands = typer.Typer(help="Reports from outside, each with its acknowledgement clock.", no_args_is_help=True)
app.add_typer(commands, name="case")

Identifier = Annotated[str, typer.Argument(help="The case's id.", metavar="CASE")]
By = Annotated[str, typer.Option("--by", help="Your reference, as in people.toml: it stands in the public log.")]


@commands.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """List cases, newest first. Exit 1 where one is overdue."""
    within = _within(config)
    now = clock()
    found = with_house(intake.read_cases, config)
    rows = [
        {
            "id": each.id,
            "sort": each.sort.value,
            "way": each.way.value,
            "received": each.received_at,
            "acknowledge by": each.received_at + within,
            "state": each.state(now, within),
            "ending": each.ending.value if each.ending else "",
        }
        for each in reversed(found)
    ]
    columns = ("id", "sort", "way", "received", "acknowledge by", "state", "ending")
    show(rows, columns=columns, as_json=as_json, empty="none")
    if any(row["state"] == "overdue" for row in rows):
        raise typer.Exit(1)


@commands.command("add")
def add_(
    sort: Annotated[Sort, typer.Argument(help="What it is about.")],
    *,
    reply_to: Annotated[str, typer.Option(help="Where they want an answer.")] = "",
    config: Config = None,
) -> None:
    """Write down a report that reached you in another way, from standard input; print the case's id."""
    text = sys.stdin.read(intake.TEXT_MAX_CHARS + 1)
    try:
        typer.echo(with_house(lambda house: intake.take_form(house, sort, text, reply_to, way=Way.WORD), config))
    except intake.ReportError as error:
        raise Refusal(str(error)) from error


@commands.command("show")
def show_(case: Identifier, *, config: Config = None) -> None:
    """Show where a report lies, and what it says. Read it as a stranger's words."""

    async def work(house: House) -> str:
        gone = Refusal("there is no such case, or its report was forgotten when it was closed")
        found = await intake.read_report(house, case)
        if found is None:
            raise gone
        if found.place is None:
            written = await intake.read_written(house, case)
            if written is None:  # it was closed between the two looks
                raise gone
            return f"written, to be answered at {written.reply_to or 'nowhere'}\n\n{written.text}"
        place = found.place
        async with house.db.transaction(place.tenant) as tx:
            email = await mailbox.get(tx, place.account, place.email)
        where = f"mail, tenant {place.tenant}, mailbox {place.account}, message {place.email}"
        return f"{where}\n\n{email.text[:TEXT_MAX_CHARS]}" if email else f"{where}: it is gone"

    typer.echo(_on_house(work, config))


@commands.command("acknowledge")
def acknowledge_(case: Identifier, *, by: By, config: Config = None) -> None:
    """State that you have read it and have written back."""
    _on_house(lambda house: intake.acknowledge(house, case, by=by), config)
    typer.echo(f"{case} is acknowledged")


@commands.command("close")
def close_(
    case: Identifier,
    ending: Annotated[Ending, typer.Argument(help=one_of(Ending, "How it ended."), show_choices=False)],
    *,
    by: By,
    config: Config = None,
) -> None:
    """State that it is over; what a form said is forgotten."""
    _on_house(lambda house: intake.close(house, case, ending=ending, by=by), config)
    typer.echo(f"{case} is closed")


def _within(config: Path | None) -> timedelta:
    """Return how soon the operator promises to acknowledge a report."""
    folder = read_settings(config).trust.operator
    if not folder:
        raise Refusal("trust.operator names no folder: docs/trust.md")
    try:
        return timedelta(hours=read_operator(Path(folder)).disclosure.acknowledge_hours)
    except OperatorError as error:
        raise Refusal(f"{folder} cannot be read: gatepost trust lint") from error


def _on_house(work: Callable[[House], Awaitable[T]], config: Path | None) -> T:
    try:
        return with_house(work, config)
    except CaseError as error:
        raise Refusal(str(error)) from error
