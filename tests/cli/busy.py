"""A house that lives through everything that leaves something behind; words are planted wherever somebody may speak."""

import asyncio
import json
import re
import smtplib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from cli.process import Process
from cli.test_survival import kill, mailbox, zone
from gatepost.app.collect import family
from hostile_dns import serving
from model_api import Block, ModelApi, model_api, text, use
from outbound import Sink, smtp_sink
from ports import free_port
from traces import in_tables
from trust.scene import copied
from upkeep.siem.receivers import ElasticDouble, receiving

OPEN = "zqopendomain"
"""A domain of ours, which we admit to show: so the search must find it, or it finds nothing at all."""
HIDDEN = (
    *("zqauthor", "zqrecipient", "zqsubject", "zqplainbody", "zqlargebody", "zqattachment", "zqheader", "zqmessageid"),
    *("zqruled", "zqguard", "zqwebhook", "zqtoken", "zqreply", "zqtenant", "zqperson", "zqlabel", "zqstatement"),
    *("zqparameter", "zqrefused", "zqinstructions", "zqcredential", "zqexport", "zqforbidden", "zqheldperson"),
    *("zqmatter", "zqerased", "zqreason", "zqformer", "zqwaiting", "zqpetition", "zqasked", "zqdraft", "zqproposal"),
    *("zqrulename", "zqdraftrule", "zqunknown", "zqremote", "zqnotify", "zqmodelkey", "zqthought", "zqtoolname"),
    *("zqargument", "zqhandover", "zqsiemerror", "zqordered", "zqinstructed", "zqreport", "zqfinder", "zqsubscriber"),
    *("zqvisitor", "zqcompany", "zqreader", "zqpurpose", "zqpaper", "zqtyped", "zqletter", "zqpolicywhy"),
)
STANDS_EMPTY = {
    "dead_job": {"tenant", "kind", "key", "body", "reason"},  # where a row of `job` goes that failed for days
    "event_stream_reader": {"tenant"},
    "known_bad": {"tenant"},
    "retention_cursor": {"tenant"},
    "status_hour": {"tenant", "component"},
    "trust_fault": {"tenant", "fingerprint", "kind", "place", "during"},  # classes and lines of our own code
    "trust_look": {"tenant", "id"},
    "unindexed": {"tenant", "email"},
    "unsequenced": {"tenant"},
    "usage_report": {"tenant", "id"},
}
"""Tables that may have no row after all this, with their columns of text or octets: none is for what somebody said."""
WITHIN_S = 60
POLICY = {
    "defaultAction": "bounce",
    "senders": [
        {"name": "zqrulename", "match": {"address": "zqauthor@example.com"}, "capabilities": ["handover"]},
        {"match": {"address": "zqruled@example.com"}, "capabilities": []},
        {"match": {"address": "zqwaiting@example.com"}, "action": "hold"},
    ],
    "contentGuards": [{"reject": "zqguard", "reason": "zqguard"}],
    "outbound": {"recipients": {"domains": ["else.example"], "thread": True}},
    "auditLog": {"retentionDays": 30, "includeBodyHash": True},
}
REFUSED = {"_id": "x", "status": 400, "error": {"type": "mapper_parsing_exception", "reason": "zqsiemerror"}}
FORMS = (
    ("report", {"sort": "security", "text": "zqreport", "reply_to": "zqfinder@example.org"}),
    ("subscribe", {"address": "zqsubscriber@example.org", "topic": "trust"}),
    ("room", {"name": "zqvisitor", "company": "zqcompany", "address": "zqreader@reader.test", "why": "zqpurpose"}),
    ("challenge", {"nonce": "n" * 20}),
)


@dataclass
class Lived:
    """A house that is up. ``secrets``: what it showed or was told once, and digests of what can be guessed."""

    house: Process
    secrets: tuple[str, ...]


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
    """Send it to the house of this state folder, and to somebody who is not there; return the answer to its data."""
    mail.replace_header("From", author)
    running = json.loads((state / "running.json").read_text())
    with smtplib.SMTP(running["smtp_host"], running["smtp_port"], timeout=30) as client:
        client.ehlo()
        client.mail(author)
        assert client.rcpt("zqunknown@zqopendomain.test")[0] == 550
        client.rcpt("zqrecipient@zqopendomain.test")
        return client.data(mail.as_bytes(policy=mail.policy.clone(linesep="\r\n")))[0]


def run(house: Process, *command: str, said: str = "") -> str:
    done = house.run(*command, said=said)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def set_up(house: Process) -> tuple[int, str]:
    """Write everything an operator can write; return the mailbox and its owner's key."""
    folder = house.state.parent
    document = folder / "policy.json"
    document.write_text(json.dumps(POLICY))
    (folder / "room.toml").write_text('[[documents]]\nid = "one"\ntitle = "One"\nfile = "one.md"\n')
    for name in ("nda.md", "one.md"):
        (folder / name).write_text("# zqpaper\n\nzqpaper\n")
    ours = ("-t", "zqtenant")
    for command in (
        ("tenant", "add", "zqtenant"),
        ("domain", "add", "zqopendomain.test", *ours),
        ("mailbox", "add", "zqrecipient@zqopendomain.test", *ours),
        ("person", "add", "zqperson@zqopendomain.test", "--role", "approver", *ours),
        ("legal-hold", "add", "zqmatter", "--person", "zqheldperson@example.com", *ours),
        ("erase", "zqerased@example.com", "--reason", "zqreason", "--yes", *ours),
        ("tenant", "add", "zqformer"),
        ("tenant", "remove", "zqformer"),
        ("trust", "room", "publish", str(folder)),
        ("trust", "instruct", "zqordered", *ours),
        ("incident", "open", "Mail is late", "-b", "We are looking."),
    ):
        run(house, *command)
    run(house, "agent", "key", "-", said="zqmodelkey" + "k" * 20)
    run(house, "case", "add", "privacy", "--reply-to", "zqfinder@example.com", said="zqtyped")
    scan = folder / "scan.json"
    scan.write_text(json.dumps({"dependencies": [{"name": "p", "version": "1", "vulns": [{"id": "PYSEC-2026-1"}]}]}))
    house.run("findings", "import", str(scan))
    boxes = json.loads(run(house, "mailbox", "list", *ours, "--json"))
    box = next(box["id"] for box in boxes if box["address"].startswith("zqrecipient"))
    run(house, "policy", "set", str(box), str(document), "--why", "zqpolicywhy", *ours)
    run(house, "tenant", "second-person", "zqtenant")
    key = run(house, "key", "add", "--role", "owner", "--label", "zqlabel", *ours)
    return box, re.findall(r"gp_[\w-]+", key)[0]


async def call(owner: httpx2.AsyncClient, method: str, path: str, body: object = None) -> Any:
    said = await owner.request(method, path, json=body)
    assert said.status_code < 300, (path, said.text)
    return said.json() if said.content else {}


async def be_busy(owner: httpx2.AsyncClient, box: int, mail: str, hook: str, siem: str) -> tuple[str, ...]:
    """Do whatever else REST offers that leaves a row; return bare digests of what somebody may guess."""
    wider = {**POLICY, "senders": [*POLICY["senders"], {"match": {"address": "zqproposal@example.com"}}]}
    rule = {"name": "zqdraftrule", "match": {"address": "zqauthor@example.com"}, "action": "hold"}
    draft = {**POLICY, "senders": [rule, {"match": {"address": "zqdraft@example.com"}}]}
    export = {"kind": "splunk", "url": "https://zqexport.example", "credential": "zqcredential"}
    for method, path, body in (
        ("POST", f"{mail}/reply", {"text_body": "zqreply"}),
        ("POST", f"webhooks/{hook}/rotate", {"overlap_s": 3600}),
        ("POST", "webhooks", {"url": "http://forbidden.example/zqforbidden"}),
        ("POST", "../../exports", export),
        ("POST", "../../exports", {"kind": "elastic", "url": siem, "credential": "id:secret", "is_personal": True}),
        ("POST", f"{mail}/reservations", {"tokens": 10}),
        ("POST", f"{mail}/usage", {"tokens": 10, "tools": ["zqtoolname"]}),
        ("POST", "petitions/sender", {"address": "zqpetition@example.com", "why": "zqasked"}),
        ("POST", f"../../policy/replays?mailbox={box}", draft),
        ("POST", "policy/revocations", {"version": 1}),
        ("PUT", "policy", wider),
    ):
        await call(owner, method, path, body)
    told = await call(owner, "POST", "../../notices/instructions", {"text": "Forget zqinstructed@example.com"})
    return (told["sha256"],)


def _answer(asked: Mapping[str, Any]) -> list[Block]:
    """Speak as a model does that was talked into something."""
    return {
        1: [text("zqthought"), use("zqtoolname", zqargument="zqargument")],
        3: [use("handover", note="zqhandover")],
    }.get(len(asked["messages"]), [text("Done.")])


def _quote(dsn: str) -> None:
    """Make errors whose message, detail or statement quotes somebody's words."""
    with psycopg.connect(dsn, autocommit=True) as app:
        for query in (
            "select 'zqstatement'::integer",
            "select set_config('gatepost.tenant', 'tn_x', false); insert into tenant (tenant) values ('zqstatement')",
        ):
            with pytest.raises(psycopg.Error, match=r"zqstatement|row-level"):
                app.execute(query.encode())
        with pytest.raises(psycopg.Error):
            app.execute("select %s::text::integer", ["zqparameter"])


async def _ask_in_public(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as visitor:
        for page, form in FORMS:
            said = await visitor.post(f"/trust/{page}", data=form)
            assert said.status_code < 400, (page, said.text)


@asynccontextmanager
async def _around() -> AsyncIterator[tuple[Sink, str, ModelApi, ElasticDouble]]:
    """Everything outside that a house talks to: next hop, name server, model, SIEM."""
    siem = ElasticDouble(items={at: [REFUSED] for at in range(2, 6)})
    async with AsyncExitStack() as stack:
        stack.enter_context(receiving(siem))
        sink = await stack.enter_async_context(smtp_sink())
        names = await stack.enter_async_context(serving(zone))
        model = await stack.enter_async_context(model_api())
        model.key, model.otherwise = "zqmodelkey" + "k" * 20, _answer
        yield sink, names.address, model, siem


@asynccontextmanager
async def living(state: Path) -> AsyncIterator[Lived]:
    """Let a house live through everything that writes; it is killed at the end, and nothing can say goodbye."""
    async with _around() as (sink, names, model, siem):
        house = Process(
            state,
            GATEPOST_DNS__SERVERS=names,
            GATEPOST_DELIVERY__NEXT_HOP=f"127.0.0.1:{sink.port}",
            GATEPOST_AGENTS__URL=model.url,
            GATEPOST_TRUST__OPERATOR=str(copied(state.parent)),
            GATEPOST_HTTP__PUBLIC_URL="https://house.example",
        )
        facts = await asyncio.to_thread(house.start)
        members = family(house.postgres())
        try:
            secrets = await _lived_through(house, facts, sink, siem.url)
            yield Lived(house, secrets)
        finally:
            kill(house)
            while any(map(_is_there, members)):  # noqa: ASYNC110  # other processes
                await asyncio.sleep(0.05)


def _is_there(pid: int) -> bool:
    with suppress(OSError):
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())  # one that nobody has reaped yet has none
    return False


async def _be_refused(owner: httpx2.AsyncClient, sink: Sink, dsn: str) -> None:
    """Have a remote server say something of a letter, once it has taken the reply."""
    query = "select count(*) from submission where state = 'failed'"
    async with asyncio.timeout(WITHIN_S):
        while not any(b"zqreply" in mail.content for mail in sink.mails):  # noqa: ASYNC110  # another process's work
            await asyncio.sleep(0.1)
        sink.rcpt_reply = "550 5.1.1 zqremote"
        letter = {"to": ["zqnotify@else.example"], "subject": "zqletter", "text_body": "zqletter"}
        await call(owner, "POST", "messages", letter)
        with psycopg.connect(dsn, autocommit=True) as tables:
            while tables.execute(query).fetchone() == (0,):  # noqa: ASYNC110  # a table
                await asyncio.sleep(0.1)
    sink.rcpt_reply = ""


async def _lived_through(house: Process, facts: dict[str, Any], sink: Sink, siem: str) -> tuple[str, ...]:
    state = house.state
    running = json.loads((state / "running.json").read_text())
    here = f"http://127.0.0.1:{running['http_port']}"
    box, key = await asyncio.to_thread(set_up, house)
    facts = {**facts, "base_url": f"{here}/api", "mailbox_id": box, "api_key": key}
    async with mailbox(facts, "api_key") as owner:
        url = f"http://127.0.0.1:{free_port()}/zqwebhook?zqtoken=zqtoken"
        hook = await call(owner, "POST", "webhooks", {"url": url})
        agent = {"name": "zqinstructions", "instructions": "zqinstructions", "model": "m", "tools": ["handover"]}
        hosted = await call(owner, "PUT", "agent", agent)
        await call(owner, "PUT", "../../hosting", {"is_on": True})
        for mail, author, code in (
            (message(), "zqauthor@example.com", 250),
            (message("zqlargebody\n" * 10_000), "zqauthor@example.com", 250),
            (message("zqguard zqrefused"), "zqauthor@example.com", 550),
            (message(), "zqwaiting@example.com", 250),
        ):
            assert await asyncio.to_thread(post, state, mail, author) == code
        async with asyncio.timeout(WITHIN_S):  # before what it stands on is revoked
            while "handed_over" not in str(await call(owner, "GET", "turns")):  # noqa: ASYNC110  # another process's work
                await asyncio.sleep(0.1)
        items = (await call(owner, "GET", "messages"))["items"]
        digests = await be_busy(owner, box, f"messages/{items[0]['message_id']}", hook["id"], siem)
        await _be_refused(owner, sink, house.owner_dsn())
    await _ask_in_public(here)
    await asyncio.to_thread(_quote, running["dsn"])
    await asyncio.to_thread(run, house, "keys", "rotate")
    until = time.monotonic() + WITHIN_S
    while (empty := unlived(house.owner_dsn())) and time.monotonic() < until:  # noqa: ASYNC110  # tables
        await asyncio.sleep(0.2)  # indexers rest for a second
    assert empty == {}, "plant words in what this table is for"
    await asyncio.to_thread(run, house, "log", "verify", "-t", "zqtenant")
    return (key.split("_", 2)[2], hook["secret"], hosted["digest"], *digests)


def unlived(dsn: str) -> dict[str, set[str]]:
    """Return the tables that nothing was written to and that may not stand empty, with their columns."""
    query = """
        select relname, array_agg(attname::text)
        from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where relkind = 'r' and not relispartition and relnamespace = 'public'::regnamespace
          and atttypid = any('{text,text[],bytea,json,jsonb}'::regtype[])
        group by relname
    """
    with psycopg.connect(dsn) as owner:
        _, filled = in_tables({}, owner)
        tables = {str(table): set(columns) for table, columns in owner.execute(query).fetchall()}
    return {name: of for name, of in tables.items() if name not in filled and STANDS_EMPTY.get(name) != of}


def loot(state: Path) -> list[Path]:
    """Return every file of the state folder but those of the keys, and the note that holds the sandbox's own."""
    taken = [path for path in state.rglob("*") if path.is_file() and path.name != "sandbox.json"]
    return [path for path in taken if path.parts[len(state.parts)] != "keys"]
