"""Makes a house remember people by all that it does at once, and tells what of them still opens."""

import asyncio
import json
import smtplib
import socket
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2

from faults.machine import Machine, rows
from gatepost.ids import TenantId
from gatepost.keys import ErasedError, KeyStore, Kind
from gatepost.mail.address import Address
from gatepost.upkeep.retention.several import spelled
from traces import Search, traces_of

PARTS = (
    *("local", "domain", "display", "subject", "body", "header", "file", "text", "msgid", "helo", "signer"),
    *("reply", "letter", "quote", "agent", "why", "draft", "key", "find"),
)
"""Each person's own words, made of these."""
PLACES = {"opening": "ref", "email": "id", "body": "email", "submission": "id", "hold": "id", "turn": "id"}
"""Tables of what is sealed under persons' keys, each with the column that says where in it."""
LARGE = 60_000


@dataclass(frozen=True)
class Person:
    """Somebody outside, of whom each word is found again."""

    name: str

    @property
    def address(self) -> str:
        return f"{self.name}local@{self.domain}"

    @property
    def friend(self) -> str:
        """Whom an agent asks to let in, and speaks of the person as it does."""
        return f"{self.says('find')}@else.example"

    @property
    def domain(self) -> str:
        return f"{self.name}domain.example"

    def says(self, part: str) -> str:
        assert part in PARTS
        return self.name + part

    def texts(self) -> list[str]:
        """Return all that may not be found of them, hashed or not."""
        return [
            *(self.says(part) for part in PARTS),
            *(self.address, f"<{self.address}>", self.domain, self.address.upper()),
            f'"{self.says("display")}" <{self.address}>',
        ]

    def mail(self, to: str, kind: str, body: str) -> EmailMessage:
        """Return a mail with a word of theirs wherever one may stand."""
        made = EmailMessage()
        made["From"] = f'"{self.says("display")}" <{self.address}>'
        made["To"], made["Cc"], made["Reply-To"] = to, self.address, self.address
        made["Sender"] = self.address
        made["Subject"] = f"{self.says('subject')} {kind}"
        made["Message-ID"] = f"<{self.says('msgid')}.{kind}@{self.domain}>"
        made["X-Planted"] = self.says("header")
        made["DKIM-Signature"] = f"v=1; a=rsa-sha256; d={self.says('signer')}.{self.domain}; s=s; h=from; bh=AA; b=AA"
        made.set_content(body)
        return made


def policy(people: Sequence[Person]) -> dict[str, Any]:
    """Return one that lets these in, holds their files, and lets them be written to."""
    domains = [person.domain for person in people]
    senders: list[dict[str, Any]] = []
    for domain in domains:
        senders.append({"match": {"domain": domain}, "when": {"hasAttachments": True}, "action": "hold"})
        senders.append({"match": {"domain": domain}, "capabilities": ["search_mail", "send_external"]})
    return {
        "defaultAction": "bounce",
        "senders": senders,
        "contentGuards": [{"reject": "forbidden", "reason": "forbidden"}],
        "outbound": {"recipients": {"domains": domains, "thread": True}},
        "auditLog": {"retentionDays": 365, "includeBodyHash": True},
    }


def _post(port: int, person: Person, to: Sequence[str], mail: EmailMessage) -> int:
    octets = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    with smtplib.SMTP("127.0.0.1", port, timeout=60, local_hostname=f"{person.says('helo')}.{person.domain}") as client:
        client.ehlo()
        client.mail(person.address)
        for each in to:
            client.rcpt(each)
        return int(client.data(octets)[0])


def write(port: int, person: Person, boxes: Sequence[str], other: Person) -> None:
    """Write to the house in every way that leaves something behind; ``other`` writes about the person."""
    body, to = person.says("body"), boxes[0]
    attached = person.mail(to, "attached", body)
    attached.add_attachment(person.says("text").encode(), "text", "plain", filename=f"{person.says('file')}.txt")
    about = other.mail(to, "about", f"{person.says('display')} <{person.address}> wrote:\n> {person.says('quote')}\n")
    for author, rcpts, mail, code in (
        (person, [to], person.mail(to, "small", body), 250),
        (person, boxes, person.mail(to, "both", body), 250),
        (person, [to], attached, 250),
        (person, [to], person.mail(to, "large", f"{body}\n" * LARGE), 250),
        (person, [to], person.mail(to, "guarded", f"{body} forbidden\n"), 550),
        (person, [to], person.mail(to, "refused", f"{body} forbidden\n" * LARGE), 550),
        (other, [to], about, 250),
    ):
        assert _post(port, author, rcpts, mail) == code, mail["Subject"]
    _talk_nonsense(port, person, to)


def _talk_nonsense(port: int, person: Person, to: str) -> None:
    """Say what no client says, and hang up in the middle of a message."""
    address = person.address
    for lines in (
        (f"MAIL FROM:<{address}", f"VRFY {address}", person.says("body"), f"AUTH PLAIN {_plain(address)}"),
        (f"MAIL FROM:<{address}>", f"RCPT TO:<{address}>", f"RCPT TO:<{to}>", "DATA", f"From: {address}\r\n"),
    ):
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:
            answers.readline()
            for line in (f"HELO {person.says('helo')}.example", *lines):
                connection.sendall(f"{line}\r\n".encode())
                if not line.startswith("From:"):
                    answers.readline()


def _plain(address: str) -> str:
    return b64encode(f"\0{address}\0word".encode()).decode()


async def be_told(http: httpx2.AsyncClient, person: Person, box: str, sandboxed: str) -> None:
    """Have the house answer, write, hold, ask, replay and search, about the person."""
    items = (await http.get(f"{box}/messages?limit=100")).json()["items"]
    mail = next(each["message_id"] for each in items if person.says("subject") in json.dumps(each))
    found = {**policy([person]), "senders": [{"name": person.says("draft"), "match": {"address": person.address}}]}
    key = {"Idempotency-Key": person.says("key")}
    letter = {"to": [person.address], "subject": person.says("letter"), "text_body": person.says("letter")}
    asked = {"address": person.friend, "why": person.says("why")}
    for path, body in (
        (f"{box}/messages/{mail}/reply", {"text_body": person.says("reply")}),
        (f"{box}/messages/{mail}/reply", {"text_body": person.says("reply")}),
        (f"{box}/messages", letter),
        (f"{sandboxed}/messages", letter),
        (f"{box}/messages/{mail}/usage", {"tokens": 10}),
        (f"{box}/petitions/sender", asked),
        (f"policy/replays?mailbox={box.rpartition('/')[2]}", found),
    ):
        said = await http.post(path, json=body, headers=key if path.endswith("/reply") else {})
        assert said.is_success, (path, said.text)
    for path in (f"log/search?sender={person.address}", f"{box}/search?q={person.says('body')}", person.says("find")):
        await http.get(path)


async def shown(http: httpx2.AsyncClient, boxes: Sequence[str]) -> str:
    """Return all that REST shows whoever owns the house."""
    lists = ("messages?limit=100", "holds", "petitions", "waiting", "audit-logs?limit=100", "turns", "turns/held")
    paths = [f"{box}/{each}" for box in boxes for each in lists]
    answers = [await http.get(path) for path in (*paths, "log/search?limit=200", "usage?by=sender", "log/export")]
    return "\n".join(answer.text for answer in answers)


Sealed = tuple[str, str, bytes]
"""A tenant, a place, and what lies there."""


def copied(house: Machine) -> list[Sealed]:
    """Return all that lies sealed in tables about persons, as a backup would hold it."""
    return [
        (str(row["tenant"]), f"{table}/{row['place']}", bytes(row["sealed"]))
        for table, column in PLACES.items()
        for row in rows(house, f"select tenant, {column} as place, sealed from {table}")  # noqa: S608  # above
    ]


def opening(state: Path, copies: Sequence[Sealed], search: Search, others: Sequence[str]) -> dict[str, set[str]]:
    """Return which copies still open with the keys there are, and say something of whom is searched for.

    What is sealed under the keys of ``others``, by address, is theirs: they may have written about anybody.
    """
    found: dict[str, set[str]] = {}
    with closing(KeyStore.open(state / "keys", bytes)) as keys:
        for tenant, place, sealed in copies:
            names = [keys.subject_name(TenantId(tenant), Address.parse(other).key) for other in others]
            theirs = spelled([each for name in names for each in keys.ids(TenantId(tenant), Kind.SUBJECT, name)])
            try:
                words = search.in_octets(keys.vault(tenant).open(place, sealed))
            except ErasedError:
                continue
            if words and sealed[9:17] not in theirs:
                found[place] = words
    return found


def wrapped_keys(state: Path) -> set[bytes]:
    """Return persons' keys as they lie in the key store."""
    with closing(sqlite3.connect(f"file:{state}/keys/keys.sqlite?mode=ro", uri=True)) as store:
        return {bytes(wrapped) for (wrapped,) in store.execute("select wrapped from key where kind = 'subject'")}


def searches(people: Sequence[Person]) -> Mapping[str, Search]:
    """Return what looks for each of them."""
    return {person.name: Search(traces_of(person.texts())) for person in people}


async def until(true: Any, within_s: float = 120) -> None:
    """Wait for it."""
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.2)


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below, with its path."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()
