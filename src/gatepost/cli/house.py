"""Start a house, bring its schema up, let it read its settings anew."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import FrameType

import typer

from gatepost import settings as reference
from gatepost.app import logs, reload, sandbox, state
from gatepost.app.build import bring_up, embedded_postgres, vouched_dsn
from gatepost.app.lifetime import note_schema
from gatepost.app.reload import Reloaded
from gatepost.app.state import Running, Sandbox
from gatepost.app.systemd import Supervisor
from gatepost.cli.frame import Config, Refusal, read_settings, with_house
from gatepost.cli.menu import app
from gatepost.db.launcher import Cluster
from gatepost.journey import House
from gatepost.keys import FILE
from gatepost.settings import Settings

RELOAD_WITHIN_S = 15


@app.command()
def up(config: Config = None) -> None:
    """Start the house on embedded defaults, with a sandbox to try. Ctrl-C stops it; its data stay."""
    settings = read_settings(config)
    if settings.database.dsn:
        raise Refusal("`up` starts its own PostgreSQL, and database.dsn names another: use `gatepost serve`")
    folder = state.prepare(settings.state)
    logs.to_stream(sys.stderr)
    logs.hush_crashes(sys.stderr)
    signal.signal(signal.SIGTERM, _end_start)
    signal.signal(signal.SIGHUP, _hung_up_early())
    typer.echo(f"Starting Gatepost; everything it keeps is in {folder}", err=True)
    if not (folder / "keys" / FILE).exists():
        typer.echo(
            f"A NEW HOUSE BEGINS: there is none in {folder} yet. Where you had one, stop this: its volume is", err=True
        )
        typer.echo(
            "not mounted, or GATEPOST_STATE names another folder. Until it has a domain it refuses no mail for good.",
            err=True,
        )
    with state.locked(folder), embedded_postgres(settings) as cluster:
        if (folder / "postgres").is_symlink():
            away = (folder / "postgres").readlink()
            typer.echo(f"but for PostgreSQL's files, in {away}: its account cannot reach {folder}", err=True)

        async def welcome(house: House, running: Running) -> None:
            _greet(settings, running, await sandbox.ensure(settings, house), config)
            _tell_of_room(settings)

        typer.echo("For trying out: webhooks and mail may reach this machine (127.0.0.0/8, ::1).", err=True)
        _serve(settings, cluster.dsn("gatepost_app"), welcome, config, cluster, partial(sandbox.ensure, settings))
    typer.echo("Stopped; start again with the same command.", err=True)


def _end_start(number: int, _frame: FrameType | None) -> None:
    """End in order while nothing serves yet, as Ctrl-C does: our PostgreSQL must not be left behind."""
    raise SystemExit(128 + number)


def _hung_up_early() -> Callable[[int, FrameType | None], None]:
    """Return what SIGHUP means while nothing serves yet: the end where our terminal is gone, else nothing.

    Without this a reload that is asked for too early would kill the house, and leave its PostgreSQL behind.
    """
    had_terminal = os.isatty(2)

    def act(number: int, frame: FrameType | None) -> None:
        if had_terminal and not os.isatty(2):
            _end_start(number, frame)
        typer.echo("A reload was asked for before the house is up: ask again once it is.", err=True)

    return act


@app.command(name="serve")
def serve_(config: Config = None) -> None:
    """Serve with a PostgreSQL that somebody runs for us: the production form."""
    settings = read_settings(config)
    if not settings.database.dsn:
        raise Refusal("`serve` needs database.dsn (role gatepost_app); `gatepost up` starts an embedded PostgreSQL")
    folder = state.prepare(settings.state)
    logs.to_stream(sys.stderr)
    logs.hush_crashes(sys.stderr)
    signal.signal(signal.SIGHUP, _hung_up_early())

    async def say(house: House, running: Running) -> None:
        del house
        typer.echo(f"Serving: SMTP {_at(running.smtp_host, running.smtp_port)}, REST {running.base_url}", err=True)
        typer.echo(f"Metrics: http://{_at(settings.metrics.host, running.metrics_port)}/metrics", err=True)
        if opened := settings.egress.allow_private:
            typer.echo(f"Webhooks and mail may reach {', '.join(opened)}, as egress.allow_private says.", err=True)
        _tell_of_room(settings)

    with state.locked(folder):
        _serve(settings, settings.database.dsn, say, config)


@app.command(name="reload")
def reload_(config: Config = None) -> None:
    """Let the running house read its settings and certificates anew; nobody is disconnected."""
    settings = read_settings(config)
    up = state.running(settings.state)
    if up is None:
        raise Refusal(f"no house runs on {settings.state}: start one with `gatepost serve` or `gatepost up`")
    before = reload.last(settings.state)
    os.kill(up.pid, signal.SIGHUP)
    done = _await_reload(settings.state, before.number if before else 0)
    if done.refused:
        raise Refusal(f"nothing was changed, the house goes on as before: {done.refused}")
    typer.echo(f"reloaded; changed: {', '.join(done.changed) or 'no setting'}")
    for door, fingerprint in sorted(done.certificates.items()):
        typer.echo(f"{door} shows the certificate with SHA-256 {fingerprint}")
    if done.waiting:
        typer.echo(f"these wait for a restart: {', '.join(done.waiting)}")


def _await_reload(folder: Path, before: int) -> Reloaded:
    deadline = time.monotonic() + RELOAD_WITHIN_S
    while time.monotonic() < deadline:
        done = reload.last(folder)
        if done is not None and done.number > before:
            return done
        time.sleep(0.05)
    raise Refusal(f"the house did not reload within {RELOAD_WITHIN_S} s: read its log")


@app.command(name="migrate")
def migrate_(config: Config = None) -> None:
    """Bring the database's schema up to this release, as its owner."""
    settings = read_settings(config)
    if not settings.database.owner_dsn:
        raise Refusal("`migrate` needs database.owner_dsn: a role that may create roles and owns the tables")
    state.prepare(settings.state)
    done = bring_up(settings, vouched_dsn(settings, settings.database.owner_dsn))
    if settings.database.dsn:  # else the next start tells the record
        with_house(lambda house: note_schema(settings, house), config)
    typer.echo("\n".join(f"applied {name}" for name in done) or "the schema is up to date")


def _serve(
    settings: Settings,
    dsn: str,
    ready: Callable[[House, Running], Awaitable[None]],
    config: Path | None,
    cluster: Cluster | None = None,
    prepare: Callable[[House], Awaitable[object]] | None = None,
) -> None:
    import uvloop  # noqa: PLC0415  # with the next: a third of every command's start, and only a house needs them

    from gatepost.app.serve import Calls, serve  # noqa: PLC0415  # as above

    calls = Calls(
        ready=ready,
        reread=lambda: read_settings(config),
        supervisor=Supervisor(reference.environment()),
        prepare=prepare,
    )
    uvloop.run(serve(settings, dsn, cluster=cluster, calls=calls, allow_loopback=cluster is not None))


def _greet(settings: Settings, running: Running, kept: Sandbox, config: Path | None) -> None:
    folder, here = settings.state.resolve(), Path.cwd()
    command = command_beside(here, folder, Path(sys.argv[0]), config)
    site = running.base_url.rpartition("/")[0]
    trust = f"\n  trust    {site}/trust/, status {site}/status" if settings.trust.operator else ""
    typer.echo(
        f"""
Gatepost is up. Ctrl-C stops it.

  SMTP     {_at(running.smtp_host, running.smtp_port)}
  REST     {running.base_url}, described by its /openapi.json{trust}
  metrics  http://{_at(settings.metrics.host, running.metrics_port)}/metrics
  mailbox  {kept.address}, id {kept.mailbox_id}
  state    {folder}
  keys     {folder}/sandbox.json, readable by you alone

Three commands to try in another terminal, from this folder (cd {shlex.quote(str(here))}):

  {command} send --from {sandbox.TRUSTED} --text 'Lunch on Friday?'
      the sandbox's policy names this author: delivered

  {command} send --from boss@example.com --text 'Wire the money.'
      nobody proved this, and no rule names it: refused inside the SMTP transaction

  {command} log verify
      both decisions are in the record; recompute it from its tiles
"""
    )


def _at(host: str, port: int) -> str:
    """Return a place as it stands in a URL (RFC 3986 section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tell_of_room(settings: Settings) -> None:
    """Say that no mail is taken where the disk is too full for it: nothing else does before the first mail."""
    from gatepost.app.smtp import disks  # noqa: PLC0415  # as the next
    from gatepost.arrive.capacity import free_octets  # noqa: PLC0415  # only a house needs them, and has them by now

    if free_octets(disks(settings)) < settings.smtp.disk_free_min_octets:
        least = f"{settings.smtp.disk_free_min_octets / 1024**2:,.0f} MiB"
        typer.echo(f"The disk is too full: mail is answered 452 until {least} are free.", err=True)


def command_beside(here: Path, state: Path, program: Path, config: Path | None) -> str:
    """Return how a person in the folder ``here`` calls this program about this very house, quoted for a shell."""
    variables = {}
    if state != (here / "state").resolve():
        variables["GATEPOST_STATE"] = str(state)
    if config is not None:
        variables["GATEPOST_CONFIG"] = str(config.resolve())
    program = program.resolve()
    shown = str(program.relative_to(here)) if program.is_relative_to(here) else str(program)
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in variables.items()), shlex.quote(shown)])
