"""A house as an operator meets it: the installed command, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from cli import warm
from gatepost.db.launcher import OWNER

GATEPOST = str(Path(sys.executable).parent / "gatepost")
UP_WITHIN_S = 120
COMMAND_WITHIN_S = 180


class Process:
    """``gatepost up`` on one state folder, and the other commands beside it."""

    def __init__(self, state: Path, **settings: str) -> None:
        self.environment = {
            **warm.inherited(),
            "GATEPOST_STATE": str(state),
            "GATEPOST_SMTP__PORT": "0",
            "GATEPOST_HTTP__PORT": "0",
            "GATEPOST_DNS__SERVERS": "127.0.0.1:1",  # nobody: a test never asks the world
            **settings,
        }
        self.state = state
        self.up: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Start the house and return what ``gatepost sandbox --json`` says once it is up."""
        before = self._announced()
        self.spawn()
        assert self.up is not None
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            assert self.up.poll() is None, self.log()
            if self._announced() not in {b"", before}:  # a command costs more than a look, and is asked once
                done = self.run("sandbox", "--json")
                if done.returncode == 0:
                    found: dict[str, Any] = json.loads(done.stdout)
                    return found
            time.sleep(0.05)
        raise AssertionError(f"not up within {UP_WITHIN_S} s: {self.log()}")

    def _announced(self) -> bytes:
        """Return the note of a house that is up, or of one that was killed; empty where there is none."""
        try:
            return (self.state / "running.json").read_bytes()
        except FileNotFoundError:
            return b""

    def spawn(self) -> None:
        """Start the house and do not wait."""
        with (self.state / "up.log").open("a") as log:
            self.up = subprocess.Popen(  # noqa: S603  # our own command
                self.command(), env=self.environment, stdout=log, stderr=log, text=True
            )

    def command(self) -> list[str]:
        """What is run to be up."""
        return [GATEPOST, "up"]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop the house as Ctrl-C does; return its exit code."""
        assert self.up is not None
        self.up.send_signal(number)
        return self.up.wait(60)

    def run(self, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command beside the house; ``said`` is its standard input."""
        return warm.run([GATEPOST, *arguments], self.environment, said, COMMAND_WITHIN_S)

    def log(self) -> str:
        """Return what the house has said so far."""
        return (self.state / "up.log").read_text()

    def owner_dsn(self) -> str:
        """Let the owner of the tables in, as whoever may write to PostgreSQL's folder can, and return how to come in.

        The house shuts the owner out while it is up; a test that tampers, or looks across tenants, opens that door.
        """
        data = next(self.state.glob("postgres-*/data"))
        mapping = (data / "pg_ident.conf").read_text()
        if OWNER not in mapping:
            lines = {line.replace("gatepost_app", OWNER) for line in mapping.splitlines() if "gatepost_app" in line}
            (data / "pg_ident.conf").write_text(mapping + "".join(f"{line}\n" for line in sorted(lines)))
            rules = (data / "pg_hba.conf").read_text()
            (data / "pg_hba.conf").write_text(rules.replace("gatepost_app", f"gatepost_app,{OWNER}"))
            os.kill(self.postgres(), signal.SIGHUP)
        dsn = str(json.loads((self.state / "running.json").read_text())["dsn"]).replace("gatepost_app", OWNER)
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), psycopg.connect(dsn):
                return dsn
            time.sleep(0.02)
        raise AssertionError("PostgreSQL does not let its owner in")

    def postgres(self) -> int:
        """Return the process id of the house's PostgreSQL."""
        found = next(self.state.glob("postgres-*/data/postmaster.pid"))
        return int(found.read_text().split("\n", 1)[0])
