"""Measure this machine's house under load: full verification, 20 guards, durable body and entry, every mail accepted.

The house runs as `make run` starts it, on a throw-away folder, with a name server of the bench's own. Ends with one
line of JSON. Absolute figures belong to the machine and the hour; compare only what ran side by side.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from corpus import Senders
from load import Outcome, send_all
from zone import Zone, serve

GUARDS = [{"reject": f"(?i)forbidden phrase number {number} (now|later)", "reason": "bench"} for number in range(20)]
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
START_WAIT_S = 60


class Gatepost:
    """The house under measurement."""

    def __init__(self, state: Path, dns_port: int) -> None:
        self._command = str(Path(sys.executable).parent / "gatepost")
        self._environment = {
            **os.environ,  # noqa: TID251  # the child's own
            "GATEPOST_STATE": str(state),
            "GATEPOST_SMTP__PORT": "0",
            "GATEPOST_HTTP__PORT": "0",
            "GATEPOST_DNS__SERVERS": f"127.0.0.1:{dns_port}",
        }
        self._state = state
        with (state / "house.log").open("a") as log:
            self._process = subprocess.Popen([self._command, "up"], env=self._environment, stdout=log, stderr=log)  # noqa: S603  # our own command
        self.sandbox: dict[str, Any] = {}

    def wait(self) -> None:
        """Wait until it is up."""
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            done = self._run("sandbox", "--json")
            if done.returncode == 0:
                self.sandbox = json.loads(done.stdout)
                return
            time.sleep(0.2)
        raise SystemExit(f"bench: the house did not start:\n{(self._state / 'house.log').read_text()[-800:]}")

    def stop(self) -> None:
        """Stop it."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def set_policy(self) -> None:
        """Accept every mail, proven or not, past twenty guards."""
        policy = {
            "defaultAction": "bounce",
            "senders": [
                {"match": {"domain": domain, "assurance": "none"}, "capabilities": []}
                for domain in [
                    f"{prefix}{n}.example" for prefix, count in (("w", 100), ("c", 900)) for n in range(count)
                ]
            ],
            "contentGuards": GUARDS,
            "auditLog": {"retentionDays": 30, "includeBodyHash": True},
        }
        request = urllib.request.Request(  # noqa: S310  # our own house
            f"{self.sandbox['base_url']}/v1/mailboxes/{self.sandbox['mailbox_id']}/policy",
            method="PUT",
            data=json.dumps(policy).encode(),
            headers={"Authorization": f"Bearer {self.sandbox['api_key']}", "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310  # as above

    def entries(self) -> int:
        """Return how many entries the verified log has."""
        for _ in range(60):
            report = json.loads(self._run("log", "verify", "--json").stdout)[0]
            if not report["sound"]:
                raise SystemExit(f"bench: the log does not verify: {report['findings'][:3]}")
            if not report["waiting"]:
                return int(report["size"])
            time.sleep(0.5)
        raise SystemExit("bench: the sequencer did not catch up within 30 s")

    def usage(self) -> tuple[float, float]:
        """Return (CPU seconds so far, resident MB) of the house and its PostgreSQL."""
        cpu, memory = 0.0, 0
        for pid in self._tree():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            cpu += (int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])) / TICKS_A_SECOND
            memory += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return cpu, memory / 1024

    def durability(self) -> dict[str, str]:
        """Return the live values that make a 250 durable."""
        dsn = json.loads((self._state / "running.json").read_text())["dsn"]
        with psycopg.connect(dsn) as connection:
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

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # our own command
            [self._command, *words], env=self._environment, capture_output=True, text=True, timeout=300, check=False
        )


async def measure(count: int, connections: int) -> dict[str, Any]:
    """Run the whole bench; return its figures."""
    zone = Zone()
    warm, cold = Senders(zone, 100, "w"), Senders(zone, 900, "c")
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        async with serve(zone) as dns_port:
            house = Gatepost(Path(folder), dns_port)
            try:
                await asyncio.to_thread(house.wait)
                return await _play(house, warm, cold, count, connections)
            finally:
                await asyncio.to_thread(house.stop)


async def _play(house: Gatepost, warm: Senders, cold: Senders, count: int, connections: int) -> dict[str, Any]:
    await asyncio.to_thread(house.set_policy)
    address, now = str(house.sandbox["address"]), datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
    smtp = (str(house.sandbox["smtp_host"]), int(house.sandbox["smtp_port"]))
    print("preparing mails ...", file=sys.stderr)
    heat = list(warm.mails(200, address, now, seed=1))
    mails = list(warm.mails(count, address, now, seed=2))
    colds = list(cold.mails(900, address, now, seed=3))
    before = await asyncio.to_thread(house.entries)
    warmed = await send_all(*smtp, address, heat, connections)
    print(f"sending {count} mails over {connections} connections ...", file=sys.stderr)
    cpu_before, _ = house.usage()
    main = await send_all(*smtp, address, mails, connections)
    cpu_after, rss_mb = house.usage()
    first_seen = await send_all(*smtp, address, colds, connections)
    after = await asyncio.to_thread(house.entries)
    accepted = warmed.accepted + main.accepted + first_seen.accepted
    if after - before != accepted:
        raise SystemExit(f"bench: {accepted} mails were accepted, and the log grew by {after - before} entries")
    _tell(main, first_seen, after - before, house.durability())
    return {
        "accepted_per_s": round(main.accepted / main.seconds, 1),
        "cpu_ms_per_message": round((cpu_after - cpu_before) * 1000 / max(main.accepted, 1), 3),
        "p50_ms": round(main.percentile_ms(50), 2),
        "p99_ms": round(main.percentile_ms(99), 2),
        "rss_mb": round(rss_mb, 1),
        "cold_accepted_per_s": round(first_seen.accepted / first_seen.seconds, 1),
    }


def _tell(main: Outcome, cold: Outcome, entries: int, durability: dict[str, str]) -> None:
    print(f"warm DNS   {main.accepted} accepted, {main.refused} refused in {main.seconds:.1f} s")
    print(f"cold DNS   {cold.accepted} accepted, {cold.refused} refused in {cold.seconds:.1f} s, each domain new")
    print(f"log        verified, {entries} entries for {entries} accepted mails")
    print("durability " + ", ".join(f"{name}={value}" for name, value in durability.items()))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=5_000, help="mails in the measured run")
    parser.add_argument("--connections", type=int, default=32, help="SMTP connections at once, 50 at the most")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.count, options.connections))))


if __name__ == "__main__":
    main()
