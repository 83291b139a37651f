"""What a thief finds who takes the database and the bodies, and not the keys: none of the words we planted."""

import asyncio
import base64
import json
import os
import re
import shutil
import smtplib
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

import httpx2
import psycopg
import pytest

from cli.process import Process
from cli.test_survival import mailbox, open_to_postgres, zone
from hostile_dns import serving
from outbound import smtp_sink
from ports import free_port
from traces import in_tables, spellings

pytestmark = pytest.mark.timeout(300)

OPEN = "zqopendomain"
"""A domain of ours, which we admit to show: so the search must find it, or it finds nothing at all."""
HIDDEN = [
    "zqauthor",
    "zqrecipient",
    "zqsubject",
    "zqplainbody",
    "zqlargebody",
    "zqattachment",
    "zqheader",
    "zqmessageid",
    "zqrule",
    "zqguard",
    "zqhook",
    "zqtoken",
    "zqreply",
    "zqtenant",
    "zqperson",
    "zqlabel",
    "zqstatement",
    "zqparameter",
    "zqrefused",
    "zqinstructions",
    "zqcredential",
    "zqexport",
    "zqforbidden",
    "zqheld",
    "zqmatter",
    "zqerased",
    "zqreason",
    "zqformer",
    "zqwaiting",
    "zqpetition",
    "zqwhy",
    "zqdraft",
    "zqproposal",
    "zqrulename",
    "zqdraftrule",
]
WITHIN_S = 20
ADMITTED = {
    "tenant", "id", "email", "email_tenant", "thread", "turn", "agent", "grant_id", "destination", "subject", "person",
    "target_key", "digest", "sender", "likeness", "counted_as", "ref", "hold",  # ids and tokens
    "state", "kind", "reason", "tool", "model", "outcome", "place", "during", "purpose", "component", "channel",
    "topics", "wanted",
    "sha256", "nda_sha256", "fingerprint", "nonce", "root", "salt", "path", "seal", "key", "rule", "log",
    "settled_by", "actor", "proposer", "first_yes_by",  # who did it, as in the log's leaves
    "sealed",
    "title", "media", "file", "asset", "report", "body",  # a house's own papers and findings; a job names rows
}  # fmt: skip
"""Columns of text or octets that may stand in a table nothing here writes to: none is for what somebody said."""
POLICY = {
    "defaultAction": "bounce",
    "senders": [
        {"name": "zqrulename", "match": {"address": "zqauthor@example.com"}, "capabilities": []},
        {"match": {"address": "zqrule@example.com"}, "capabilities": []},
        {"match": {"address": "zqwaiting@example.com"}, "action": "hold"},
    ],
    "contentGuards": [{"reject": "zqguard", "reason": "zqguard"}],
    "auditLog": {"retentionDays": 30, "includeBodyHash": True},
}


def found(word: str, octets: bytes) -> bool:
    lower = octets.lower()
    return any(each in octets or each.lower() in lower for each in spellings(word))


def message(large: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "ZQauthor <zqauthor@example.com>"
    mail["To"] = "zqrecipient@zqopendomain.test"
    mail["Subject"] = "zqsubject"
    mail["Message-ID"] = f"<zqmessageid.{len(large)}@example.com>"
    mail["X-Planted"] = "zqheader"
    mail.set_content(f"zqplainbody\n{large}")
    mail.add_attachment(b"minutes", maintype="application", subtype="pdf", filename="zqattachment.pdf")
    return mail


def post(state: Path, mail: EmailMessage, author: str = "zqauthor@example.com") -> int:
    """Send it to the house of this state folder; return the answer to its data."""
    mail.replace_header("From", author)
    running = json.loads((state / "running.json").read_text())
    with smtplib.SMTP(running["smtp_host"], running["smtp_port"], timeout=30) as client:
        client.ehlo()
        client.mail(author)
        client.rcpt("zqrecipient@zqopendomain.test")
        return client.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))[0]


def set_up(house: Process) -> tuple[int, str]:
    """Write everything an operator can write; return the mailbox and its owner's key."""
    document = house.state / "policy.json"
    document.write_text(json.dumps(POLICY))
    for command in (
        ("tenant", "add", "zqtenant"),
        ("domain", "add", "zqopendomain.test", "-t", "zqtenant"),
        ("mailbox", "add", "zqrecipient@zqopendomain.test", "-t", "zqtenant"),
        ("person", "add", "zqperson@zqopendomain.test", "-t", "zqtenant"),
        ("legal-hold", "add", "zqmatter", "--person", "zqheld@example.com", "-t", "zqtenant"),
        ("erase", "zqerased@example.com", "--reason", "zqreason", "--yes", "-t", "zqtenant"),
        ("tenant", "add", "zqformer"),
        ("tenant", "remove", "zqformer"),
    ):
        done = house.run(*command)
        assert done.returncode == 0, done.stderr
    boxes = json.loads(house.run("mailbox", "list", "-t", "zqtenant", "--json").stdout)
    box = next(box["id"] for box in boxes if box["address"].startswith("zqrecipient"))
    assert house.run("policy", "set", str(box), str(document), "-t", "zqtenant").returncode == 0
    assert house.run("tenant", "second-person", "zqtenant").returncode == 0
    document.unlink()
    key = house.run("key", "add", "--role", "owner", "--label", "zqlabel", "-t", "zqtenant").stdout
    return box, re.findall(r"gp_[\w-]+", key)[0]


async def be_busy(owner: httpx2.AsyncClient, box: int, mail: str, hook: str) -> None:
    """Do whatever else REST offers that leaves a row."""
    wider = {**POLICY, "senders": [*POLICY["senders"], {"match": {"address": "zqproposal@example.com"}}]}
    rule = {"name": "zqdraftrule", "match": {"address": "zqauthor@example.com"}, "action": "hold"}
    draft = {**POLICY, "senders": [rule, {"match": {"address": "zqdraft@example.com"}}]}
    export = {"kind": "splunk", "url": "https://zqexport.example", "credential": "zqcredential"}
    for method, path, body in (
        ("POST", f"webhooks/{hook}/rotate", {"overlap_s": 3600}),
        ("POST", "webhooks", {"url": "http://forbidden.example/zqforbidden"}),
        ("POST", "../../exports", export),
        ("POST", f"{mail}/reservations", {"tokens": 10}),
        ("POST", f"{mail}/usage", {"tokens": 10}),
        ("POST", "petitions/sender", {"address": "zqpetition@example.com", "why": "zqwhy"}),
        ("POST", f"../../policy/replays?mailbox={box}", draft),
        ("POST", "policy/revocations", {"version": 1}),
        ("PUT", "policy", wider),
    ):
        said = await owner.request(method, path, json=body)
        assert said.status_code < 300, (path, said.text)


async def live(state: Path, sink_port: int, names: str) -> list[str]:
    """Let a house live through everything that writes; return the secrets it showed once."""
    house = Process(state, GATEPOST_DNS__SERVERS=names, GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink_port}")
    facts = await asyncio.to_thread(house.start)
    box, key = await asyncio.to_thread(set_up, house)
    async with mailbox({**facts, "mailbox_id": box, "api_key": key}, "api_key") as owner:
        url = f"http://127.0.0.1:{free_port()}/zqhook?zqtoken=zqtoken"
        told = await owner.post("webhooks", json={"url": url})
        assert told.status_code < 300, told.text
        agent = {"name": "zqinstructions", "instructions": "zqinstructions", "model": "m"}
        assert (await owner.put("agent", json=agent)).status_code < 300
        assert await asyncio.to_thread(post, state, message()) == 250
        assert await asyncio.to_thread(post, state, message("zqlargebody\n" * 10_000)) == 250
        assert await asyncio.to_thread(post, state, message("zqguard zqrefused")) == 550
        (last, *_) = (await owner.get("messages")).json()["items"]
        said = await owner.post(f"messages/{last['message_id']}/reply", json={"text_body": "zqreply"})
        assert said.status_code < 300, said.text
        await be_busy(owner, box, f"messages/{last['message_id']}", told.json()["id"])
        assert await asyncio.to_thread(post, state, message(), "zqwaiting@example.com") == 250
    dsn = json.loads((state / "running.json").read_text())["dsn"]
    with psycopg.connect(dsn, autocommit=True) as app:
        for query in (  # errors whose message, detail or statement quotes somebody's words
            "select 'zqstatement'::integer",
            "select set_config('gatepost.tenant', 'tn_x', false); insert into tenant (tenant) values ('zqstatement')",
        ):
            with pytest.raises(psycopg.Error, match=r"zqstatement|row-level"):
                app.execute(query.encode())
        with pytest.raises(psycopg.Error):
            app.execute("select %s::text::integer", ["zqparameter"])
    assert (await asyncio.to_thread(house.run, "keys", "rotate")).returncode == 0
    assert (await asyncio.to_thread(house.run, "log", "verify", "-t", "zqtenant")).returncode == 0
    until = time.monotonic() + WITHIN_S
    while (missing := unlived(house.owner_dsn()) - ADMITTED) and time.monotonic() < until:  # noqa: ASYNC110  # a table
        await asyncio.sleep(0.2)  # indexers rest for a second
    assert missing == set()
    assert await asyncio.to_thread(house.stop) == 0
    return [key.split("_", 2)[2], told.json()["secret"]]


def unlived(dsn: str) -> set[str]:
    """Return the columns of text or octets of every table that nothing was written to."""
    query = """
        select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0
        where relkind = 'r' and relnamespace = 'public'::regnamespace
          and atttypid = any('{text,text[],bytea,json,jsonb}'::regtype[])
    """
    with psycopg.connect(dsn) as owner:
        _, filled = in_tables({}, owner)
        return {column for table, column in owner.execute(query).fetchall() if table not in filled}


def loot(state: Path) -> dict[str, bytes]:
    """Return every file of the state folder but those of the keys, and the note that holds the sandbox's own."""
    taken = [path for path in state.rglob("*") if path.is_file() and path.name != "sandbox.json"]
    return {str(path.relative_to(state)): path.read_bytes() for path in taken if path.parts[len(state.parts)] != "keys"}


async def test_a_stolen_copy_without_the_keys_says_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="gatepost-stolen-", dir="/tmp") as folder:
        state = open_to_postgres(folder)
        async with smtp_sink() as sink, serving(zone) as names:
            secrets = await live(state, sink.port, names.address)
            assert sink.mails  # it went out, and the word in it
            assert b"zqreply" in sink.mails[0].content
        files = await asyncio.to_thread(loot, state)
        house = Process(state)
        await asyncio.to_thread(shutil.rmtree, state / "keys")
        refused = await asyncio.to_thread(house.run, "up")
    kinds = {name.split("/")[0].split(".")[0] for name in files}
    assert {"blobs", "postgres-15", "up"} <= kinds or {"blobs", "postgres-18", "up"} <= kinds, kinds
    assert any(name.endswith("postgres.log") for name in files)
    assert any("pg_wal" in name for name in files)
    assert [name for name, octets in files.items() if found(OPEN, octets)], "the search finds nothing at all"
    for word in [*HIDDEN, *secrets]:
        assert [name for name, octets in files.items() if found(word, octets)] == [], word
    assert refused.returncode == 1
    assert "start with the state folder it belongs to" in refused.stderr


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_the_search_finds_a_word_however_it_is_spelled(codec: str) -> None:
    noise = os.urandom(1_000)
    text = "before zqword after"
    assert found("zqword", noise + text.encode(codec) + noise)
    assert found("zqword", noise + text.upper().encode() + noise)
    assert found("zqword", noise + text.encode().hex().upper().encode())
    assert found("zqword", noise + "".join(f"={octet:02X}" for octet in text.encode()).encode())
    for start in range(6):
        assert found("zqword", noise + base64.b64encode(text[start:].encode()) + noise)
    assert not found("zqword", noise * 100)
