"""Fill a house of the installed release with a life, and keep its state as data: rows, keys and objects.

Run by hand once per released schema; the tests bring each kept state forward for ever after::

    PYTHONPATH=<that release>/src:<that release>/tests python tests/upgrade/capture.py NAME

Its people and mails are invented; its keys guard nothing.
"""

import asyncio
import json
import shutil
import smtplib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import dns.message
import httpx2
import psycopg
from psycopg.rows import tuple_row

from cli.process import Process
from gatepost.db.launcher import Cluster, find_binaries
from hostile_dns import answer, serving
from outbound import http_receiver, smtp_sink

STATES = Path(__file__).parent / "states"
POLICY = {
    "defaultAction": "bounce",
    "senders": [
        {"match": {"address": "boss@example.com"}, "capabilities": ["read_calendar"], "rateLimit": {"perHour": 20}},
        {"match": {"domain": "partner.example"}, "capabilities": [], "rateLimit": {"perHour": 1}},
    ],
    "contentGuards": [{"reject": "(?i)wire the money", "reason": "fraud"}],
    "auditLog": {"retentionDays": 30, "includeBodyHash": True},
}


def zone(question: dns.message.Message, _is_tcp: bool) -> list[bytes]:  # noqa: FBT001  # the name server's signature
    """Whoever asks for a text learns that 127.0.0.1 sends for everybody."""
    asked = question.question[0]
    texts = [f'{asked.name} 60 TXT "v=spf1 ip4:127.0.0.1 -all"'] if asked.rdtype.name == "TXT" else []
    return [answer(question, *texts).to_wire()]


class Town:
    """Whoever writes to the house and answers for it."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.count = 0

    def write(self, author: str, text: str, *, to: str = "", header: str = "") -> str:
        """Send one mail; return its Message-ID."""
        self.count += 1
        name = f"<{self.count}@life.example>"
        mail = (
            f"From: {author}\r\nTo: agent@sandbox.test\r\nSubject: Numéro {self.count}\r\nMessage-ID: {name}\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n{header}\r\n{text}\r\n"
        )
        with smtplib.SMTP(self.facts["smtp_host"], self.facts["smtp_port"], "life.example", 30) as client:
            client.ehlo()
            client.mail(author)
            code, _ = client.rcpt(to or self.facts["address"])
            if code == 250:  # accepted
                client.data(mail.encode())
        return name

    async def call(self, method: str, path: str, key: str = "agent_key", **body: Any) -> Any:
        """Call the mailbox's REST path."""
        async with httpx2.AsyncClient(timeout=30) as client:
            url = f"{self.facts['base_url']}/v1/mailboxes/{self.facts['mailbox_id']}/{path}"
            headers = {"Authorization": f"Bearer {self.facts[key]}"}
            return (await client.request(method, url, json=body or None, headers=headers)).json()


async def live(town: Town, hook: str) -> None:
    """Let everything happen that leaves a row."""
    await town.call("PUT", "policy", "api_key", **POLICY)
    await town.call("POST", "webhooks", "api_key", url=hook)
    await town.call("POST", "webhooks", "api_key", url="http://127.0.0.1:9/nobody")
    first = await asyncio.to_thread(town.write, "boss@example.com", "Can we meet on Tuesday?")
    later = f"References: {first}\r\nIn-Reply-To: {first}\r\n"
    await asyncio.to_thread(town.write, "boss@example.com", "Or on Friday? Ü.", header=later)
    await asyncio.to_thread(town.write, "boss@example.com", ("large " * 12 + "\r\n") * 1_200)
    await asyncio.to_thread(town.write, "boss@example.com", "Please wire the money.")
    await asyncio.to_thread(town.write, "stranger@elsewhere.example", "Hello.")
    for _ in range(3):
        await asyncio.to_thread(town.write, "ann@partner.example", "Once an hour.")
    await asyncio.to_thread(town.write, "boss@example.com", "For the postmaster.", to="postmaster@sandbox.test")
    await asyncio.to_thread(town.write, "boss@example.com", "For nobody.", to="nobody@sandbox.test")
    kept = (await town.call("GET", "messages"))["items"]
    oldest, newest = kept[-1]["message_id"], kept[0]["message_id"]
    await town.call("POST", f"messages/{oldest}/reply", text_body="Tuesday is fine.")
    await town.call("POST", f"messages/{newest}/bounce", reason="No.")
    await town.call("POST", f"messages/{oldest}/usage", tokens=120, tools=["calendar"])


async def capture(name: str) -> None:
    """Run the house, stop it, and keep what it leaves."""
    with tempfile.TemporaryDirectory(prefix="gatepost-capture-", dir="/tmp") as folder:
        state = open_to_postgres(folder)
        async with smtp_sink() as sink, http_receiver() as agent, serving(zone) as names:
            process = Process(
                state, GATEPOST_DNS__SERVERS=names.address, GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink.port}"
            )
            town = Town(await asyncio.to_thread(process.start))
            for command in (
                ("tenant", "add", "Example Ltd"),
                ("domain", "add", "example.org", "-t", "Example Ltd"),
                ("mailbox", "add", "help@example.org", "-t", "Example Ltd"),
                ("person", "add", "ann@example.org", "--role", "auditor", "-t", "Example Ltd"),
            ):
                done = await asyncio.to_thread(process.run, *command)
                assert done.returncode == 0, done.stderr
            await live(town, agent.url)
            await asyncio.sleep(8)  # webhooks, attempts, the sequencer
            assert sink.mails, process.log()
            assert agent.requests, process.log()
            print(f"{len(sink.mails)} mails out, {len(agent.requests)} events told")  # noqa: T201  # a tool
            await asyncio.to_thread(process.stop)
        keep(state, STATES / name)


def open_to_postgres(folder: str) -> Path:
    """Let PostgreSQL's account pass through, also where we are root."""
    state = Path(folder)
    state.chmod(0o711)
    return state


def keep(state: Path, target: Path) -> None:
    """Write rows, keys and objects below ``target``."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copytree(state / "blobs", target / "blobs")
    shutil.copytree(state / "keys", target / "keys", ignore=shutil.ignore_patterns("smtp.*"))
    shutil.copy(state / "sandbox.json", target / "sandbox.json")
    cluster = Cluster(state, find_binaries(state))
    cluster.start()
    try:
        with psycopg.connect(cluster.dsn("gatepost_owner"), row_factory=tuple_row) as owner:
            lines = [*_rows(owner)]
    finally:
        cluster.stop()
    (target / "rows.jsonl").write_text("\n".join(lines) + "\n")


def _rows(owner: psycopg.Connection[Any]) -> Any:
    tables = owner.execute(
        "select relname from pg_class"
        " where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace"
    )
    for (table,) in sorted(tables.fetchall()):
        rows = owner.execute(
            psycopg.sql.SQL("select to_json(t)::text from {} as t").format(psycopg.sql.Identifier(table))
        )
        for (text,) in rows.fetchall():
            yield json.dumps({"table": table, "row": json.loads(text)}, separators=(",", ":"), sort_keys=True)
    for name, value in owner.execute("select sequencename, last_value from pg_sequences order by 1").fetchall():
        if value is not None:
            yield json.dumps({"sequence": name, "value": value})


if __name__ == "__main__":
    began = time.monotonic()
    asyncio.run(capture(sys.argv[1]))
    print(f"kept in {time.monotonic() - began:.0f} s")  # noqa: T201  # a tool
