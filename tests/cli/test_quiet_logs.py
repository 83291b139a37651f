"""Words planted everywhere a stranger, a tenant or an agent can write are in no log: neither ours nor PostgreSQL's."""

import asyncio
import base64
import smtplib
import socket
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cli.process import Process
from cli.test_survival import open_to_postgres, zone
from hostile_dns import serving
from outbound import smtp_sink

pytestmark = pytest.mark.timeout(300)

POLICY: dict[str, Any] = {
    "defaultAction": "bounce",
    "senders": [{"match": {"address": "plantauthor@plantdomain.example"}, "capabilities": ["plantcapability"]}],
    "contentGuards": [{"reject": "plantguard", "reason": "plantreason"}],
    "auditLog": {"retentionDays": 30},
}


def spellings(word: str) -> Iterator[str]:
    """Yield how a log might write a word."""
    octets = word.encode()
    yield word
    yield octets.hex()
    yield base64.b64encode(octets).decode().rstrip("=")
    yield urllib.parse.quote(word)
    yield word[::-1]


def found_in(text: str) -> set[str]:
    """Return the planted words a text holds, in any spelling."""
    lowered = text.lower()
    return {"plant"} if any(each.lower() in lowered for each in spellings("plant")) else set()


def talk(port: int, *lines: bytes) -> None:
    """Say lines to the SMTP door, whatever it answers."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.settimeout(5)
        try:
            client.recv(1000)
            for line in lines:
                client.sendall(line + b"\r\n")
                client.recv(1000)
        except OSError:
            return


def mails(facts: dict[str, Any]) -> None:
    """Bring mail that is kept, refused, guarded, malformed and misdirected."""
    for author, text in (
        ("plantauthor@plantdomain.example", "plantbody"),
        ("plantauthor@plantdomain.example", "plantguard in the text"),
        ("plantstranger@plantdomain.example", "plantother"),
    ):
        body = (
            f"From: Plantname <{author}>\r\nTo: agent@sandbox.test\r\nSubject: plantsubject\r\n"
            f"Message-ID: <plantid{text[:9]}@plant.example>\r\nX-Plant: plantheader\r\n"
            f'Content-Type: text/plain; name="plantname.txt"\r\n\r\n{text}\r\n'
        )
        with smtplib.SMTP(facts["smtp_host"], facts["smtp_port"], "planthelo.example", 20) as client:
            client.ehlo()
            client.mail(author)
            client.rcpt(facts["address"])
            client.data(body.encode())
    talk(
        facts["smtp_port"],
        b"EHLO planthelo",
        b"PLANTVERB plantargument",
        b"MAIL FROM:<plant\xff@plant.example>",
        b"MAIL FROM:<plantauthor@plantdomain.example>",
        b"RCPT TO:<plantnobody@sandbox.test>",
        b"RCPT TO:<plantelsewhere@plant.example>",
        b"RCPT TO:<agent@sandbox.test>",
        b"DATA",
        b"From: plant@plant.example\nplantbarelf\r\n.",
    )


async def calls(facts: dict[str, Any]) -> None:
    """Call REST well and badly."""
    root = facts["base_url"]
    box = f"{root}/v1/mailboxes/{facts['mailbox_id']}"
    agent, owner = ({"Authorization": f"Bearer {facts[key]}"} for key in ("agent_key", "api_key"))
    async with httpx2.AsyncClient(timeout=20) as client:
        kept = (await client.get(f"{box}/messages", headers=agent)).json()["items"]
        assert kept
        message = f"{box}/messages/{kept[0]['message_id']}"
        assert (await client.post(f"{message}/reply", json={"text_body": "plantreply"}, headers=agent)).is_success
        for method, url, headers, body in (
            ("GET", f"{root}/v1/plantpath/{urllib.parse.quote('plant ü')}", agent, None),
            ("GET", f"{box}/messages?cursor=plantcursor", agent, None),
            ("GET", f"{box}/audit-logs?outcome=plantoutcome", owner, None),
            ("GET", f"{root}/v1/whoami", {"Authorization": "Bearer plantkey"}, None),
            ("POST", f"{message}/reply", {**agent, "Idempotency-Key": "plant\tkey"}, {"plantfield": "plantvalue"}),
            ("POST", f"{message}/usage", agent, {"tokens": "plant", "tools": ["planttool\u0000"]}),
            ("POST", f"{message}/usage", agent, {"tokens": 3, "tools": ["planttool"]}),
            ("PUT", f"{box}/policy", owner, {**POLICY, "plantextra": ["plant"]}),
            ("POST", f"{box}/webhooks", owner, {"url": "ftp://plant.example/plant"}),
            ("POST", f"{box}/messages/plant%00message/bounce", agent, {"reason": "plant"}),
        ):
            await client.request(method, url, headers=headers, json=body)
        await client.post(f"{message}/reply", content=b'{"plant', headers={**agent, "Content-Type": "application/json"})


def unsettle(house: Process) -> None:
    """Make PostgreSQL itself complain: its connections die, a row is refused, and a value cannot be read."""
    with psycopg.connect(house.owner_dsn(), autocommit=True) as owner:
        for statement in (
            "insert into tenant select * from tenant",
            "select 'plantvalue'::bigint",
        ):
            with pytest.raises(psycopg.Error):
                owner.execute(statement)
        owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename ~ '^gatepost_a'")
    for arguments in (
        ("mailbox", "add", "plant@sandbox.test"),
        ("mailbox", "add", "plant@sandbox.test"),
        ("mailbox", "add", "plant nonsense"),
        ("domain", "add", "plant..example"),
    ):
        house.run(*arguments)


async def test_no_log_holds_a_word_of_anybody(tmp_path: Path) -> None:
    del tmp_path
    with tempfile.TemporaryDirectory(prefix="gatepost-quiet-", dir="/tmp") as folder:
        state = open_to_postgres(folder)
        async with smtp_sink() as sink, serving(zone) as names:
            sink.rcpt_reply = "550 5.1.1 plantrefusal of plantauthor@plantdomain.example"
            house = Process(
                state, GATEPOST_DNS__SERVERS=names.address, GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink.port}"
            )
            facts = await asyncio.to_thread(house.start)
            try:
                await set_up(facts)
                await asyncio.to_thread(mails, facts)
                await calls(facts)
                await asyncio.to_thread(unsettle, house)
                await asyncio.to_thread(mails, facts)
                await asyncio.sleep(2)  # webhooks and attempts fail meanwhile
            finally:
                await asyncio.to_thread(house.stop)
        ours = house.log()
        theirs = "".join(path.read_text() for path in state.rglob("postgres.log"))
    for event in ("rest.answered", "webhook.told", "submission.attempted"):
        assert event in ours
    assert "terminating connection" in theirs
    assert "ERROR" not in theirs, "its message may quote a value: whoever asked was told"
    assert [line for line in (ours + theirs).splitlines() if found_in(line)] == []


async def set_up(facts: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {facts['api_key']}"}
    box = f"{facts['base_url']}/v1/mailboxes/{facts['mailbox_id']}"
    async with httpx2.AsyncClient(timeout=20, headers=headers) as client:
        assert (await client.put(f"{box}/policy", json=POLICY)).is_success
        assert (await client.post(f"{box}/webhooks", json={"url": "http://127.0.0.1:9/planttoken"})).is_success


@pytest.mark.parametrize("text", ["to Plantauthor", b"plant".hex(), base64.b64encode(b"plant").decode()])
def test_the_search_finds_what_is_there(text: str) -> None:
    assert found_in(f"x {text} y")
    assert not found_in("nothing here")
