"""The house under measurement: started as `make run` starts it, on a folder of its own, and asked what it uses."""

import getpass
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from gatepost.app import administer
from gatepost.app.open import admin_house
from gatepost.mail.address import Address
from gatepost.settings import load

GUARDS = [{"reject": f"(?i)forbidden phrase number {number} (now|later)", "reason": "bench"} for number in range(20)]
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
START_WAIT_S = 240


def accepting(domains: Iterable[str]) -> dict[str, Any]:
    """Return a policy that accepts every mail from these domains, proven or not, past twenty guards."""
    return {
        "defaultAction": "bounce",
        "senders": [
            {"match": {"domain": domain, "assurance": "none"}, "capabilities": []} for domain in sorted(domains)
        ],
        "contentGuards": GUARDS,
        "auditLog": {"retentionDays": 30, "includeBodyHash": True},
    }


async def let_in(state: Path, senders: Iterable[str], mailboxes: int, domain: str = "gate.example.org") -> list[str]:
    """Make mailboxes, ``agent0`` and on, with a policy that accepts every mail from these domains; return them."""
    addresses = [Address(f"agent{number}", domain) for number in range(mailboxes)]
    policy = accepting(senders)
    async with admin_house(load({"GATEPOST_STATE": str(state)})) as house:
        tenant = (await administer.find_tenant(house, None)).id
        await administer.add_domain(house, tenant, domain)
        for address in addresses:
            account = await administer.add_mailbox(house, tenant, address)
            await administer.set_policy(house, tenant, account.id, policy)
    return [str(address) for address in addresses]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU seconds since the start, the children that ended included, and resident memory."""

    ours_s: float
    postgres_s: float
    rss_mb: float


class Gatepost:
    """The house under measurement."""

    def __init__(
        self, state: Path, dns: str, settings: Mapping[str, str] | None = None, *, runs: Sequence[str] = ()
    ) -> None:
        """Start it; ``runs``: what to run in place of ``gatepost``."""
        self._command = str(Path(sys.executable).parent / "gatepost")
        self._environment = {
            **os.environ,  # noqa: TID251  # the child's own
            "GATEPOST_STATE": str(state),
            "GATEPOST_SMTP__PORT": "0",
            "GATEPOST_HTTP__PORT": "0",
            "GATEPOST_DNS__SERVERS": dns,
            **(settings or {}),
        }
        self._state = state
        with (state / "house.log").open("a") as log:
            command = [*(runs or [self._command]), "up"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)  # noqa: S603  # our own command
        self.sandbox: dict[str, Any] = {}

    @property
    def dsn(self) -> str:
        """Where its PostgreSQL answers the serving role; the last ``user`` in a connection string counts."""
        return str(json.loads((self._state / "running.json").read_text())["dsn"])

    def let_owner_in(self) -> str:
        """Let this bench in as the tables' owner, whom a house that is up shuts out; return where."""
        home = self._state / "postgres"
        (data,) = (home if home.is_symlink() else self._state).glob("postgres-*/data")
        with (data / "pg_ident.conf").open("a") as names, (data / "pg_hba.conf").open("a") as rules:
            names.write(f"bench {getpass.getuser()} gatepost_owner\n")
            rules.write("local gatepost gatepost_owner peer map=bench\n")
        os.kill(int((data / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGHUP)
        where = f"{self.dsn} user=gatepost_owner"
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                psycopg.connect(where).close()
                break
            time.sleep(0.1)
        return where

    def wait(self) -> None:
        """Wait until it is up."""
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            done = self.run("sandbox", "--json")
            if done.returncode == 0:
                self.sandbox = json.loads(done.stdout)
                return
            time.sleep(0.2)
        raise SystemExit(f"bench: the house did not start:\n{(self._state / 'house.log').read_text()[-800:]}")

    def logged(self, *words: str) -> list[str]:
        """Return the lines of its log that hold all of these words."""
        with (self._state / "house.log").open() as log:
            return [line for line in log if all(word in line for word in words)]

    def stop(self) -> None:
        """Stop it."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    @property
    def pid(self) -> int:
        """The root of its process tree."""
        return self._process.pid

    def set_policy(self, domains: Iterable[str]) -> None:
        """Let the sandbox's mailbox accept every mail from these domains."""
        request = urllib.request.Request(  # noqa: S310  # our own house
            f"{self.sandbox['base_url']}/v1/mailboxes/{self.sandbox['mailbox_id']}/policy",
            method="PUT",
            data=json.dumps(accepting(domains)).encode(),
            headers={"Authorization": f"Bearer {self.sandbox['api_key']}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310  # as above

    def entries(self) -> int:
        """Return how many entries the verified log has."""
        for _ in range(60):
            report = json.loads(self.run("log", "verify", "--json").stdout)[0]
            if not report["sound"]:
                raise SystemExit(f"bench: the log does not verify: {report['findings'][:3]}")
            if not report["waiting"]:
                return int(report["size"])
            time.sleep(0.5)
        raise SystemExit("bench: the sequencer did not catch up within 30 s")

    def usage(self) -> tuple[float, float]:
        """Return (CPU seconds so far, resident MB) of the house and its PostgreSQL."""
        usage = self.use()
        return usage.ours_s + usage.postgres_s, usage.rss_mb

    def use(self) -> "Usage":
        """Return what the house and its PostgreSQL have used so far, apart."""
        cpu, memory = {False: 0.0, True: 0.0}, 0
        for pid in self._tree():
            try:
                name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
                fields = rest.split()
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            cpu[name.endswith("(postgres")] += (
                int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
            ) / TICKS_A_SECOND
            memory += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return Usage(ours_s=cpu[False], postgres_s=cpu[True], rss_mb=memory / 1024)

    def durability(self) -> dict[str, str]:
        """Return the live values that make a 250 durable."""
        with psycopg.connect(self.dsn) as connection:
            names = ("fsync", "synchronous_commit", "full_page_writes", "server_version")
            return {
                name: str((connection.execute("select current_setting(%s)", [name]).fetchone() or ("?",))[0])
                for name in names
            }

    def _tree(self) -> list[int]:
        parents: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except OSError:
                continue
            parents.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(text.split(" ", 1)[0]))
        found, todo = [], [self._process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += parents.get(pid, [])
        return found

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of the house's own commands."""
        return subprocess.run(  # noqa: S603  # our own command
            [self._command, *words], env=self._environment, capture_output=True, text=True, timeout=300, check=False
        )
