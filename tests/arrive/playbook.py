"""A small honest house behind the SMTP door, and conversations written as scripts: lines in, lines expected."""

from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from gatepost.arrive.events import (
    AskMessage,
    AskRecipient,
    Close,
    Content,
    Discard,
    Event,
    Nobody,
    RecipientAnswer,
    Refused,
    Send,
    StartTls,
)
from gatepost.arrive.limits import Limits
from gatepost.arrive.paper import Arrived
from gatepost.arrive.reply import Reply
from gatepost.arrive.session import Session
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

HOST = "gate.ours.example"
LOOPBACK = IPv4Address("127.0.0.1")
TENANT = TenantId("tn_ours")
AGENT = Destination(TENANT, AccountId(1))
OTHER = Destination(TENANT, AccountId(2))
POSTMASTER = Destination(TENANT, AccountId(3), is_postmaster=True)
PLACES = {"agent@ours.example": AGENT, "alias@ours.example": AGENT, "other@ours.example": OTHER}
ACCEPTED = Reply(250, "2.6.0", "Accepted as em_test")


@dataclass
class Hamlet:
    """Three accounts at ours.example; a postmaster for everybody; keeps what it is given."""

    answer: Reply = ACCEPTED
    arrived: list[Arrived] = field(default_factory=list)
    refusals: list[tuple[TenantId | None, str]] = field(default_factory=list)

    async def route(self, address: Address | None) -> Destination | None:
        return POSTMASTER if address is None else PLACES.get(address.key)

    async def tenant_of(self, domain: str) -> TenantId | None:
        return TENANT if domain in {"ours.example", "xn--bcher-kva.example"} else None

    async def receive(self, arrived: Arrived) -> Reply:
        self.arrived.append(arrived)
        return self.answer

    async def refused(self, tenant: TenantId | None, reason: str) -> None:
        self.refusals.append((tenant, str(reason)))

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason in self.refusals]


@dataclass
class Stage:
    """One session, played without sockets; every question is answered at once."""

    limits: Limits = field(default_factory=Limits)
    offers_tls: bool = True
    answer: Reply = ACCEPTED
    heard: bytearray = field(default_factory=bytearray)
    messages: list[tuple[Envelope, bytes]] = field(default_factory=list)
    asked: list[AskMessage] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    is_closed: bool = False
    is_shaking_hands: bool = False
    content: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.session = Session(hostname=HOST, limits=self.limits, offers_tls=self.offers_tls)
        self.perform(self.session.greet())

    def feed(self, octets: bytes) -> None:
        self.perform(self.session.feed(octets))
        while self.session.has_more:
            self.perform(self.session.go_on())

    def say(self, *lines: str) -> list[str]:
        """Send lines, return the reply lines heard."""
        del self.heard[:]
        self.feed(b"".join(line.encode() + b"\r\n" for line in lines))
        return self.lines()

    def say_octets(self, octets: bytes) -> list[str]:
        del self.heard[:]
        self.feed(octets)
        return self.lines()

    def lines(self) -> list[str]:
        return self.heard.decode("ascii").split("\r\n")[:-1]

    def begin(self, *, recipient: str = "agent@ours.example", mail: str = "MAIL FROM:<a@client.example>") -> None:
        """Come as far as an accepted recipient."""
        heard = self.say("EHLO client.example", mail, f"RCPT TO:<{recipient}>")
        assert heard[-1].startswith("250 2.1.5"), heard

    def perform(self, events: list[Event]) -> None:
        queue = deque(events)
        while queue:
            match event := queue.popleft():
                case Send(octets):
                    self.heard += octets
                case Content(octets):
                    self.content += octets
                case Discard():
                    del self.content[:]
                case AskRecipient(address):
                    queue.extend(self.session.recipient_answered(lead(address)))
                case AskMessage(envelope):
                    self.asked.append(event)
                    self.messages.append((envelope, bytes(self.content)))
                    del self.content[:]
                    queue.extend(self.session.message_answered(self.answer))
                case Refused(_, refusal):
                    self.refusals.append(str(refusal))
                case StartTls():
                    self.is_shaking_hands = True
                case Close():
                    self.is_closed = True


def lead(address: Address | None) -> RecipientAnswer:
    """Answer as ``Hamlet`` and the desk would."""
    if address is None:
        return POSTMASTER
    ours = TENANT if address.domain == "ours.example" else None
    return PLACES.get(address.key) or Nobody(ours)


def play(script: str, stage: Stage | None = None) -> Stage:
    """Play a script: ``C:`` lines are sent with CRLF, ``S:`` lines are the beginnings of the reply lines expected."""
    stage = stage or Stage()
    for number, written in enumerate(script.strip().splitlines(), 1):
        who, _, text = written.strip().partition(":")
        text = text.removeprefix(" ")
        if who == "C":
            assert not stage.heard, f"line {number}: heard {bytes(stage.heard)!r} before {text!r}"
            stage.feed(text.encode() + b"\r\n")
        else:
            line, _, rest = bytes(stage.heard).partition(b"\r\n")
            assert line.decode().startswith(text), f"line {number}: expected {text!r}, heard {line!r}"
            stage.heard = bytearray(rest)
    assert not stage.heard, f"at the end: heard {bytes(stage.heard)!r}"
    return stage
