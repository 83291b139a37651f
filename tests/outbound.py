"""What the tests of outgoing mail share: papers to start from, a zone of DNS answers, a sink, a receiver."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP
from msgspec import structs
from typing_extensions import override

from gatepost.arrive.paper import Arrived, Peer
from gatepost.blobs import Blobs, address_of
from gatepost.db import Database
from gatepost.decide.paper import Decided, Decision, Disposition, Grant, Outcome
from gatepost.decide.reasons import Reason
from gatepost.dns import Answer, RdType, Resolver, Status
from gatepost.domains.paper import Destination
from gatepost.egress import NextHop
from gatepost.ids import AccountId, BlobId, EmailId, EntryId, JobId, KeyId, TenantId, ThreadId
from gatepost.jobs import Job, Jobs, Promise
from gatepost.journey import House
from gatepost.keys import Keyring
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.mail.own_ids import OwnIds
from gatepost.mail.reading import of_text
from gatepost.mailbox.paper import Email
from gatepost.record.paper import Recorded
from gatepost.verify.paper import (
    ArcVerdict,
    AutoMail,
    Content,
    DkimVerdict,
    DmarcVerdict,
    Evidence,
    ModelView,
    Reading,
    Result,
    SpfVerdict,
    Verified,
)
from talkers import talking
from ways import way_out

TENANT = TenantId("tn_one")
ACCOUNT = AccountId(7)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOSS = Address("boss", "example.org")
AGENT = Address("agent", "gatepost.test")

RESULTS = (
    "spf=pass smtp.mailfrom=example.org;\r\n\tspf=none smtp.helo=mx.example.org;\r\n\t"
    "dkim=pass header.d=example.org header.s=s header.a=rsa-sha256;\r\n\t"
    "dmarc=pass header.from=example.org;\r\n\tarc=none"
)
KEPT = Email(
    id=EmailId("em_aaaaaaaaaaaaaaaa"),
    account=ACCOUNT,
    thread=ThreadId("th_aaaaaaaaaaaaaaaa"),
    blob=BlobId("ab" * 32),
    size_octets=1_234,
    received_at=NOW,
    author=BOSS,
    recipient=AGENT,
    reply_to=(),
    subject="The meeting",
    reading=of_text("Can we meet on Tuesday?"),
    message_id="one@example.org",
    references=(),
    is_proven=True,
    is_automatic=False,
    capabilities=("read_calendar",),
    verification={
        "dkim": "pass",
        "spf": "pass",
        "dmarc": "pass",
        "arc": "none",
        "from_alignment": True,
        "results": RESULTS,
        "injection_score": 0.0,
    },
)


def content(**changes: Any) -> Content:
    plain = Content(
        subject="The meeting",
        plain="Can we meet on Tuesday?",
        html="",
        reading=Reading("Can we meet on Tuesday?", ModelView("Can we meet on Tuesday?")),
        message_id="one@example.org",
        references=(),
        reply_to=(),
    )
    return replace(plain, **changes)


def evidence(author: Address | None = BOSS, said: Content | None = None, auto: AutoMail | None = None) -> Evidence:
    return Evidence(
        author=author,
        author_problem="" if author else "author.missing",
        spf=SpfVerdict(Result.PASS, "example.org", "mailfrom"),
        helo=SpfVerdict(Result.NONE, "mx.example.org", "helo"),
        dkim=(DkimVerdict(Result.PASS, "example.org", "s", "rsa-sha256", is_aligned=True),),
        dmarc=DmarcVerdict(Result.PASS, "example.org"),
        arc=ArcVerdict(Result.NONE),
        is_aligned=True,
        is_unsettled=False,
        content=said or content(),
        auto=auto or AutoMail(),
    )


def recorded(
    arrived: Arrived,
    disposition: Disposition = Disposition.DELIVER,
    thread: ThreadId | None = KEPT.thread,
    **changes: Any,
) -> Recorded:
    decision = Decision(
        disposition=disposition,
        outcome=Outcome.DELIVERED,
        reason=Reason.RULE_MATCHED,
        grant=Grant(("read_calendar",), 0),
        is_author_proven=True,
        policy_version=1,
        policy_digest="00",
    )
    return Recorded(Decided(Verified(arrived, evidence(**changes)), decision), (EntryId(1),), thread)


def inbound(email: str = "em_aaaaaaaaaaaaaaaa", **changes: Any) -> Arrived:
    raw = b"From: boss@example.org\r\n\r\nCan we meet on Tuesday?\r\n"
    arrived = Arrived.by_smtp(
        email=EmailId(email),
        destination=Destination(TENANT, ACCOUNT),
        envelope=Envelope(BOSS, (AGENT,)),
        peer=Peer(IPv4Address("127.0.0.9"), "mx.example.org", None),
        raw=raw,
        blob=address_of(raw),
        received_at=NOW,
    )
    return structs.replace(arrived, **changes)


def outbound(email: str = "em_bbbbbbbbbbbbbbbb", **changes: Any) -> Arrived:
    raw = b"From: agent@gatepost.test\r\n\r\nYes.\r\n"
    arrived = Arrived.by_submission(
        email=EmailId(email),
        tenant=TENANT,
        account=ACCOUNT,
        author=AGENT,
        recipient=BOSS,
        is_notice=False,
        submitter=KeyId("ky_agent"),
        in_reply_to=KEPT.id,
        identity="same",
        raw=raw,
        blob=address_of(raw),
        received_at=NOW,
    )
    return structs.replace(arrived, **changes)


@dataclass
class Hands:
    """A clock that moves only when told."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, wait: timedelta) -> None:
        self.now += wait


def entropy(octets: int) -> bytes:
    """Real randomness: nothing here depends on its value."""
    return os.urandom(octets)


def house(
    db: Database,
    folder: Path,
    clock: Hands,
    *,
    accepting: Database | None = None,
    dns: Resolver | None = None,
    port: int = 0,
) -> House:
    """A house on a real database and a real folder.

    ``port`` is that of its next hop on loopback. Where a test takes mail, ``accepting`` is the fixture of that name.
    """
    return House(
        db=db,
        accepting=accepting or db,
        dns=dns or Zone({}),
        blobs=Blobs.open(folder.as_uri()),
        jobs=Jobs(db, clock),
        keyring=Keyring(bytes(32), entropy),
        own_ids=OwnIds(bytes(32)),
        clock=clock,
        past=clock,
        entropy=entropy,
        egress=way_out(),
        hostname="mail.gatepost.test",
        next_hop=NextHop("127.0.0.1", port) if port else None,
    )


def job(promise: Promise, attempt: int = 1) -> Job:
    """The promise as a worker hands it to its handler."""
    return Job(
        id=JobId(1),
        tenant=TENANT,
        kind=promise.kind,
        key=promise.key,
        body=promise.body,
        attempt=attempt,
        promised_at=NOW,
    )


async def consequences(db: Database) -> list[tuple[str, str]]:
    """Every consequence in the record: the email it is about, and what happened, oldest first."""
    async with db.transaction(TENANT) as tx:
        rows = await tx.all("select email, action from consequence where tenant = %(tenant)s order by entry")
    return [(row.email, row.action) for row in rows]


class Zone(Resolver):
    """DNS from a small table; what is not in it does not exist."""

    def __init__(self, table: Mapping[tuple[str, RdType], Sequence[str] | Status]) -> None:
        self._table = table

    @override
    async def query(self, name: str, rdtype: RdType) -> Answer:
        found = self._table.get((name, rdtype))
        if isinstance(found, Status):
            return Answer(found)
        if found is not None:
            return Answer(Status.OK, tuple(found), 60)
        is_known = any(known == name for known, _ in self._table)
        return Answer(Status.NODATA if is_known else Status.NXDOMAIN)


@dataclass
class Sink:
    """A real SMTP server that keeps what it is given; ``replies`` overrides its answer to DATA, first to last."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    rcpt_reply: str = ""

    async def handle_RCPT(self, _s: object, _c: object, envelope: Any, address: str, _o: object) -> str:  # noqa: N802  # aiosmtpd's name
        if self.rcpt_reply:
            return self.rcpt_reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: object, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        if self.replies:
            return self.replies.pop(0)
        envelope.is_encrypted = session.ssl is not None
        envelope.helo = session.host_name
        self.mails.append(envelope)
        return "250 2.0.0 kept"


@asynccontextmanager
async def smtp_sink(host: str = "127.0.0.1", port: int = 0, **options: Any) -> AsyncIterator[Sink]:
    """Serve a sink on loopback."""
    sink = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="sink.test", loop=loop, **options), host, port)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()


@dataclass
class Receiver:
    """A real HTTP receiver; ``answers`` are its status lines, first to last, the last one for ever."""

    answers: list[str]
    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        writer.write(f"HTTP/1.1 {answer}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()


@asynccontextmanager
async def http_receiver(*answers: str) -> AsyncIterator[Receiver]:
    """Serve a receiver on loopback."""
    receiver = Receiver(list(answers or ("200 OK",)))
    async with talking(receiver.serve) as port:
        receiver.url = f"http://127.0.0.1:{port}/hook"
        yield receiver
