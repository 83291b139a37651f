"""What this house claims in public: lint the operator's folder, run its checks, show what they saw, probe any host."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatepost import trust
from gatepost.app import logs, state, trusting
from gatepost.app.build import clock
from gatepost.app.open import admin_house
from gatepost.app.outside import OutsideError, look_at
from gatepost.cli.frame import AsJson, Config, Refusal, read_settings, show
from gatepost.cli.menu import app
from gatepost.cli.table import terminal
from gatepost.journey import House
from gatepost.ledger.errors import LedgerError
from gatepost.settings import Settings
from gatepost.trust import Claims, Outcome, guest, look
from gatepost.trust.catalogue import CATALOGUE

T = TypeVar("T")
LOOK_WITHIN_S = 600.0
_PAUSE_S = 0.5

commands = typer.Typer(help="Public claims and the checks behind them.", no_args_is_help=True)
app.add_typer(commands, name="trust")

_STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.STALE: "yellow",
    Outcome.COULD_NOT_VERIFY: "yellow",
    Outcome.ATTESTED: "cyan",
    Outcome.NOT_APPLICABLE: "dim",
}

Folder = Annotated[Path | None, typer.Option("--operator", "-o", help="The operator's folder; else trust.operator.")]


def folder_of(settings: Settings, given: Path | None) -> Path:
    """Return the operator's folder: the one given, else that of the settings."""
    folder = given or (Path(settings.trust.operator) if settings.trust.operator else None)
    if folder is None:
        raise Refusal("name the operator's folder with --operator or the setting trust.operator")
    return folder


@commands.command()
def lint(
    *,
    operator: Folder = None,
    config: Config = None,
    checks: Annotated[bool, typer.Option("--checks", help="List the checks that claims may name.")] = False,
) -> None:
    """Say what must not be published as it stands: vague words, nobody named, nothing behind it. Exit 1 on any."""
    if checks:
        typer.echo("\n".join(CATALOGUE))
        return
    folder = folder_of(read_settings(config), operator)
    try:
        read = trust.read_operator(folder)
    except trust.OperatorError as error:
        found = list(error.faults)
    else:
        found = trust.faults(read, frozenset(CATALOGUE), clock())
        if not found:
            typer.echo(f"{len(read.claims)} claims and {len(read.documents)} texts: nothing against them")
            return
    for fault in found:
        terminal.print(fault, style="red", markup=False)
    raise typer.Exit(1)


@commands.command()
def run(*, operator: Folder = None, config: Config = None, as_json: AsJson = False) -> None:
    """Have the house that is up look at every claim now, and show what it stated. Exit 1 where one fails.

    It looks under its own settings and clock, whatever this command is given.
    At another operator's folder than the house's the command looks itself, and
    states nothing.
    """
    settings = read_settings(config)
    up = state.running(settings.state)
    folder = operator or (Path(up.operator) if up and up.operator else folder_of(settings, None))
    logs.to_stream(sys.stderr)
    if up is None:
        raise Refusal(f"no house runs on {settings.state}: its doors cannot be asked; start it first")
    if str(folder.resolve()) == up.operator:
        seen = _on_house(lambda house: _looked_at(house, settings, folder), settings)
    else:
        theirs = f"looks at {up.operator}" if up.operator else "looks at no claims (trust.operator)"
        typer.echo(f"tried out, and nothing stated: the house that is up {theirs}", err=True)
        settings = replace(settings, trust=replace(settings.trust, operator=str(folder)))  # whose doors may be asked
        seen = _on_house(lambda house: trusting.try_out(settings, house, up, folder), settings)
    _print(seen, as_json=as_json)
    if seen.counts[Outcome.FAIL.value]:
        raise typer.Exit(1)


async def _looked_at(house: House, settings: Settings, folder: Path) -> Claims:
    """Ask the house that is up, wait for it, and return how the claims stand then."""
    await asyncio.to_thread(trust.read_operator, folder)  # who cannot read it would never answer
    name = await look.ask(house)
    for _ in range(round(LOOK_WITHIN_S / _PAUSE_S)):
        if await look.is_answered(house.db, name):
            return await trust.read_claims(house, folder)
        if not state.is_locked(settings.state):
            raise Refusal("the house ended meanwhile: nothing more is stated")
        await asyncio.sleep(_PAUSE_S)
    raise Refusal(f"the house has not answered within {LOOK_WITHIN_S:.0f} s: see its log")


@commands.command("show")
def show_(
    claim: Annotated[str | None, typer.Argument(help="One claim, with its history; all without it.")] = None,
    *,
    operator: Folder = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show how the claims stand, or the history of one."""
    settings = read_settings(config)
    if claim is None:
        folder = folder_of(settings, operator)
        _print(_on_house(lambda house: trust.read_claims(house, folder), settings), as_json=as_json)
        return
    found = _on_house(lambda house: trust.read_history(house, claim), settings)
    rows = [trust.history_row(each, "") for each in found]
    show(
        rows,
        columns=("checked_at", "outcome", "value", "reason", "control_result"),
        as_json=as_json,
        empty=f"nothing was ever stated about {claim}",
    )


def _on_house(work: Callable[[House], Awaitable[T]], settings: Settings) -> T:
    async def inside() -> T:
        async with admin_house(settings) as house:
            return await work(house)

    try:
        return asyncio.run(inside())
    except trust.OperatorError as error:
        raise Refusal("; ".join(error.faults)) from error


def _print(claims: Claims, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(trust.spelled(claims, "/trust"), indent=2))
        return
    for each in (*claims.listed, *claims.withdrawn):
        value = "" if each.last is None or each.last.result.finding.value is None else each.last.result.finding.value
        said = f"{each.claim.id:4} {each.status.value:17} {each.claim.check or '-':20} {each.reason} {_short(value)}"
        terminal.print(said.rstrip(), style=_STYLES[each.status], markup=False, highlight=False, soft_wrap=True)
    counts = ", ".join(f"{count} {name}" for name, count in claims.counts.items())
    terminal.print(f"\n{len(claims.listed)} claims: {counts}", highlight=False, soft_wrap=True)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@commands.command()
def probe(
    host: Annotated[str, typer.Argument(help="Such as mail.example.com.")],
    *,
    smtp_port: Annotated[int, typer.Option(help="Where it takes mail; 0: not asked.")] = 25,
    https_port: Annotated[int, typer.Option(help="Where it serves pages; 0: not asked.")] = 443,
    key: Annotated[
        Path, typer.Option(help="Your key, which signs what you see; made at the first use.", metavar="FILE")
    ] = Path("probe.key"),
    name: Annotated[str, typer.Option(help="The name your key signs under.")] = "probe.invalid",
) -> None:
    """Ask a house's doors from here, as anybody can, and print the results as a note signed by your key."""
    settings = read_settings()
    try:
        note = asyncio.run(look_at(settings, host, smtp_port=smtp_port, https_port=https_port, key=key, name=name))
    except (OutsideError, LedgerError) as error:
        raise Refusal(str(error)) from error
    except OSError as error:
        raise Refusal(f"{key} cannot be used: {error.strerror}") from error
    typer.echo(note.decode(), nl=False)


@commands.command()
def add(
    note: Annotated[Path, typer.Argument(help="What `gatepost trust probe` printed elsewhere.", metavar="FILE")],
    *,
    vkey: Annotated[str, typer.Option(help="The key of whoever looked, as they told you.")],
    config: Config = None,
) -> None:
    """State in the public trust log what somebody else saw of this house, under their key."""
    try:
        octets = note.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot read {note}: {error.strerror}") from error
    try:
        entry = _on_house(lambda house: guest.state(house, octets, vkey, CATALOGUE), read_settings(config))
    except guest.GuestError as error:
        raise Refusal(str(error)) from error
    typer.echo(f"stated as entry {entry} of the public trust log")
