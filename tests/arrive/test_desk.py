import asyncio
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from arrive.loopback import NOW
from arrive.playbook import AGENT, LOOPBACK, POSTMASTER, TENANT, Hamlet
from gatepost.arrive.desk import Desk
from gatepost.arrive.events import Nobody, NotYet, RecipientAnswer, Unsettled
from gatepost.arrive.paper import Arrived, Peer
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.domains.paper import Destination
from gatepost.ids import BlobId, EmailId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

SECRET = Address("someone.private", "client.example")
ARRIVED = Arrived.by_smtp(
    email=EmailId("em_a"),
    destination=AGENT,
    envelope=Envelope(SECRET, (Address("agent", "ours.example"),)),
    peer=Peer(LOOPBACK, "client.example", None),
    raw=b"private words\r\n",
    blob=BlobId("00"),
    received_at=NOW,
)


@dataclass
class Ruin:
    """A house in which everything fails, by raising or by never answering."""

    hangs: bool
    asked: list[str] = field(default_factory=list)

    async def fail(self, what: str) -> None:
        self.asked.append(what)
        if self.hangs:
            await asyncio.sleep(60)
        raise RuntimeError("someone.private@client.example")

    async def route(self, _: Address | None) -> Destination | None:
        await self.fail("route")
        return None

    async def tenant_of(self, _: str) -> TenantId | None:
        await self.fail("tenant_of")
        return None

    async def receive(self, _: Arrived) -> Reply:
        await self.fail("receive")
        return Reply(250, "", "never")

    async def refused(self, _: TenantId | None, __: str) -> None:
        await self.fail("refused")


def desk(house: Hamlet | Ruin) -> Desk:
    return Desk(
        hostname="mail.house.example",
        route=house.route,
        tenant_of=house.tenant_of,
        receive=house.receive,
        refused=house.refused,
        answer_s=0.05,
    )


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        (Address("agent", "ours.example"), AGENT),
        (Address("nobody", "ours.example"), Nobody(TENANT)),
        (Address("agent", "elsewhere.example"), Nobody(None)),
        (None, POSTMASTER),
        (Address("PostMaster", "ours.example"), POSTMASTER),
        (Address("postmaster", "elsewhere.example"), Nobody(None)),
        (Address("PostMaster", "mail.house.example"), POSTMASTER),
        (Address("agent", "mail.house.example"), Nobody(None)),
    ],
)
async def test_where_a_recipient_leads(address: Address | None, answer: Destination | Nobody) -> None:
    assert await desk(Hamlet()).recipient(address) == answer


@pytest.mark.parametrize("hangs", [False, True])
async def test_trouble_becomes_an_answer_and_a_log_line_of_ids(*, hangs: bool) -> None:
    ruin = Ruin(hangs)
    with capture_logs() as lines:
        assert await desk(ruin).recipient(SECRET) == Unsettled()
        assert (await desk(ruin).message(ARRIVED)).encode() == b"451 4.3.0 Try again later\r\n"
        await desk(ruin).refused(ARRIVED.tenant, Refusal.HOUSE_UNSETTLED)
    assert ruin.asked == ["route", "receive", "refused"]
    assert [line["event"] for line in lines] == [
        "smtp.route_failed",
        "smtp.receive_failed",
        "smtp.refusal_not_counted",
    ]
    assert lines[1]["email"] == "em_a"
    assert "private" not in str(lines)


async def test_a_house_without_a_postmaster_asks_to_try_again() -> None:
    hamlet = Hamlet()

    async def nowhere(_: Address | None) -> Destination | None:
        return None

    lonely = Desk(
        hostname="mail.house.example",
        route=nowhere,
        tenant_of=hamlet.tenant_of,
        receive=hamlet.receive,
        refused=hamlet.refused,
        answer_s=1,
    )
    assert await lonely.recipient(None) == Unsettled()


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        (Address("agent", "elsewhere.example"), NotYet()),
        (Address("postmaster", "elsewhere.example"), NotYet()),
        (Address("nobody", "ours.example"), Nobody(TENANT)),
        (Address("agent", "ours.example"), AGENT),
        (None, POSTMASTER),
    ],
)
async def test_who_is_unknown_where_nothing_is_known_is_refused_for_now(
    address: Address | None, answer: RecipientAnswer
) -> None:
    hamlet = Hamlet()

    async def knows(domain: str) -> bool:
        return domain == "ours.example"

    empty = Desk(
        hostname="mail.house.example",
        route=hamlet.route,
        tenant_of=hamlet.tenant_of,
        receive=hamlet.receive,
        refused=hamlet.refused,
        knows=knows,
        answer_s=1,
    )
    assert await empty.recipient(address) == answer
