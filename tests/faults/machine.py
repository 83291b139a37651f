"""A whole house as processes of this machine: found, measured and killed."""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row

from cli.process import UP_WITHIN_S, Process
from gatepost import mailbox
from gatepost.app.build import open_house, sequencer
from gatepost.ids import AccountId, EmailId, TenantId
from gatepost.journey import House
from gatepost.settings import Settings, load
from invariants import check


@contextmanager
def state_folder() -> Iterator[Path]:
    """A state folder that PostgreSQL's account can reach, on a real disk."""
    with tempfile.TemporaryDirectory(prefix="gatepost-faults-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


class NotUpError(OSError):
    """No house is up, though one was started; the text is the end of what it said."""


class Machine(Process):
    """``gatepost up``, with its PostgreSQL, as a tree of processes."""

    @property
    def sandbox(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads((self.state / "sandbox.json").read_text()))

    @property
    def running(self) -> dict[str, Any]:
        """What the house says of itself; it takes that away as it ends, and its log says why it did."""
        try:
            return cast("dict[str, Any]", json.loads((self.state / "running.json").read_text()))
        except FileNotFoundError as error:
            code = self.up.poll() if self.up else None
            raise NotUpError(f"no house is up; this one ended with {code}: {self.log()[-4000:]}") from error

    @property
    def port(self) -> int:
        return int(self.running["smtp_port"])

    @property
    def recipient(self) -> str:
        return str(self.sandbox["address"])

    def start_again(self) -> None:
        """Start the house on a folder in which one was up before; return once its SMTP door is open."""
        self.spawn()
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            assert self.up is not None
            assert self.up.poll() is None, self.log()
            with suppress(OSError, ValueError):
                if self.running["pid"] == self.up.pid:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not up within {UP_WITHIN_S} s: {self.log()}")

    def tree(self) -> list[int]:
        """Return the house and all that came of it, PostgreSQL's processes too."""
        parents: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                number, _, rest = stat.read_text().partition(" ")
                parents.setdefault(int(rest.rpartition(")")[2].split()[1]), []).append(int(number))
        assert self.up is not None
        found, todo = [], [self.up.pid]
        while todo:
            found.append(todo[-1])
            todo += parents.get(todo.pop(), [])
        return found

    def workers(self) -> list[int]:
        """Return the processes that take mail, where there are several."""
        found = []
        for pid in self.tree():
            with suppress(OSError):
                if b"gatepost.app.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found

    def kill(self) -> None:
        """Kill every process at once; all are stopped first, so that none sees another die."""
        assert self.up is not None
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in self.tree():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.up.wait(10)


def memory_mb(pid: int) -> dict[str, float]:
    """Return a process's resident, proportional and anonymous memory."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith(" kB")}
    return {name: round(found[name], 1) for name in ("Rss", "Pss", "Anonymous")}


async def peak_memory_mb(pid: int, stop: asyncio.Event, *, every_s: float = 0.05) -> dict[str, float]:
    """Watch a process until ``stop`` is set; return the highest of each figure."""
    peak: dict[str, float] = {}
    while not stop.is_set():
        now = memory_mb(pid)
        peak = {name: max(value, peak.get(name, 0)) for name, value in now.items()}
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
    return peak


def rows(house: Machine, query: str) -> list[dict[str, Any]]:
    """Return rows as the owner of the tables sees them: every tenant's."""
    with psycopg.connect(house.owner_dsn(), row_factory=dict_row) as owner:
        return owner.execute(query.encode()).fetchall()


def _settings(house: Machine) -> Settings:
    return load({name: text for name, text in house.environment.items() if name.startswith("GATEPOST_")})


@asynccontextmanager
async def beside(house: Machine) -> AsyncIterator[House]:
    """Open the same house in this process, as its commands do."""
    async with open_house(_settings(house), str(house.running["dsn"])) as inside:
        yield inside


async def kept(house: Machine) -> dict[EmailId, str]:
    """Return the Message-ID of every mail that is there, unsealed as the house does it."""
    accounts = [AccountId(row["account"]) for row in rows(house, "select distinct account from email")]
    found: dict[EmailId, str] = {}
    async with beside(house) as inside, inside.db.transaction(TenantId(str(house.sandbox["tenant"]))) as tx:
        for account in accounts:
            emails = (await mailbox.page(tx, account, limit=1_000_000)).emails
            found |= {email.id: email.message_id for email in emails}
    return found


async def check_all(house: Machine) -> None:
    """Hold the house to all that must always hold."""
    async with beside(house) as inside:
        await check(inside, TenantId(str(house.sandbox["tenant"])), sequencer(_settings(house), inside))
