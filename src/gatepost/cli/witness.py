"""`gatepost witness`: run a witness for somebody's log."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from gatepost.app import state
from gatepost.app.build import clock, entropy
from gatepost.app.errors import HouseEndedError
from gatepost.app.http import listening
from gatepost.app.ways_out import place
from gatepost.app.witness import Witness, application, key_of, read_logs
from gatepost.cli.frame import Refusal
from gatepost.cli.menu import app
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import COSIGNATURE, MLDSA44_COSIGNATURE
from gatepost.settings import SettingsError


@app.command()
def witness(
    *,
    folder: Annotated[Path, typer.Option("--state", help="Folder for its key and what it has seen.", metavar="DIR")],
    logs: Annotated[Path, typer.Option("--logs", help="Verifier keys of the logs, one a line.", metavar="FILE")],
    name: Annotated[str, typer.Option(help="The name it cosigns under, such as witness.example.org/w1.")],
    is_mldsa: Annotated[bool, typer.Option("--ml-dsa", help="Cosign with ML-DSA-44 instead of Ed25519.")] = False,
    listen: Annotated[str, typer.Option(help="host:port; put TLS before it.")] = "127.0.0.1:8099",
) -> None:
    """Cosign a log's checkpoints as long as it only grows; print the witness's verifier key."""
    try:
        host, port = place(listen, "--listen", port_min=0)
        key = key_of(folder, name, entropy, MLDSA44_COSIGNATURE if is_mldsa else COSIGNATURE)
        known = read_logs(logs.read_text(errors="replace").splitlines())
        with state.locked(folder):
            typer.echo(str(key.verifier))
            asyncio.run(_serve(Witness(folder / "logs", key, known, clock), host, port))
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}") from error
    except (LedgerError, SettingsError, HouseEndedError) as error:
        raise Refusal(str(error)) from error


async def _serve(one: Witness, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with listening(application(one), host, port, door="witness") as opened:
        typer.echo(f"listening on {host}:{opened}", err=True)
        await stop.wait()
