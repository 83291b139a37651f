"""Recorded decisions decided once more, on a real house."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import access, decide, journey
from gatepost.app.administer import add_domain, add_mailbox, add_tenant, set_policy
from gatepost.arrive.paper import Arrived, Peer
from gatepost.blobs import address_of
from gatepost.db import Database
from gatepost.decide.replay import Verdict
from gatepost.dns import RdType
from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, EmailId, EntryId, TenantId
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.workbench.again import replay_entries
from outbound import Hands, Zone
from outbound import house as built

DNS = Zone({("example.org", RdType.TXT): ["v=spf1 ip4:192.0.2.1 -all"]})
POLICY: dict[str, Any] = {
    "defaultAction": "bounce",
    "senders": [
        {"match": {"address": "new@example.org"}, "when": {"firstTime": True}, "action": "hold"},
        {
            "match": {"domain": "example.org"},
            "labels": ["known"],
            "rateLimit": {"perHour": 3, "per": "domain"},
            "when": {"attachmentTypes": [".pdf"], "replayed": False},
        },
        {"match": {"domain": "example.org"}, "rateLimit": {"perDay": 2}},
    ],
    "contentGuards": [{"reject": "wire the money", "reason": "fraud", "in": ["body", "subject", "headers"]}],
    "auditLog": {"retentionDays": 30},
}
WITH_FILE = (
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n'
    '--b\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n'
)


class Scene:
    """One mailbox under a policy, and mail to it."""

    def __init__(self, house: House, tenant: TenantId, account: AccountId) -> None:
        self.house, self.tenant, self.account = house, tenant, account
        self._sent = 0

    async def receive(self, rest: str, *, author: str = "boss@example.org", peer: str = "192.0.2.1") -> EmailId:
        """Let one mail arrive; ``rest`` follows its first fields."""
        self._sent += 1
        email = EmailId(f"em_{self._sent:016d}")
        raw = f"From: {author}\r\nMessage-ID: <{self._sent}@example.org>\r\n{rest}".encode()
        arrived = Arrived.by_smtp(
            email=email,
            destination=Destination(self.tenant, self.account),
            envelope=Envelope(Address.parse(author), (Address("help", "gatepost.test"),)),
            peer=Peer(ip_address(peer), "mx.example.org", None),
            raw=raw,
            blob=address_of(raw),
            received_at=self.house.clock(),
        )
        await journey.receive(arrived, self.house)
        return email

    async def verdict(self, email: EmailId) -> tuple[str, Verdict, str]:
        """Return what was recorded, and what its replay comes to."""
        (case,) = await replay_entries(self.house, self.tenant, email=email)
        return case.row.reason, case.replayed.verdict, case.replayed.why


@pytest.fixture
async def scene(db: Database, accepting: Database, tmp_path: Path) -> Scene:
    house = built(db, tmp_path, Hands(), accepting=accepting, dns=DNS)
    tenant = (await add_tenant(house, name="one", plan="free")).id
    await add_domain(house, tenant, "gatepost.test")
    made = await add_mailbox(house, tenant, Address("help", "gatepost.test"))
    await set_policy(house, tenant, made.id, POLICY)
    return Scene(house, tenant, made.id)


TEXT_GONE = "its text was not kept, and a guard would have to read it"


async def test_every_decision_comes_out_again_or_says_why_it_cannot(scene: Scene) -> None:
    plain = "Subject: x\r\n\r\nhello\r\n"
    mails = [
        (await scene.receive(WITH_FILE), "rule.matched", Verdict.SAME, ""),
        (await scene.receive(plain), "rule.matched", Verdict.SAME, ""),
        (await scene.receive(plain), "rate.per_day", Verdict.UNDECIDABLE, TEXT_GONE),
        (await scene.receive(plain, peer="192.0.2.9"), "sender.unproven", Verdict.SAME, ""),
        (await scene.receive(plain, author="x@other.example"), "sender.unmatched", Verdict.SAME, ""),
        (await scene.receive("Subject: wire the money\r\n\r\nx\r\n"), "content.guard", Verdict.UNDECIDABLE, TEXT_GONE),
    ]
    for email, *expected in mails:
        assert list(await scene.verdict(email)) == expected


async def test_the_policy_of_that_time_is_asked_and_the_tenants_too(scene: Scene) -> None:
    wide = {"match": {"anyone": True, "assurance": "none"}, "when": {"tls": False}, "action": "reject"}
    email = await scene.receive("\r\nhello\r\n")
    await set_policy(scene.house, scene.tenant, scene.account, {**POLICY, "senders": []})
    await set_policy(scene.house, scene.tenant, decide.TENANT_WIDE, {**POLICY, "contentGuards": [], "senders": [wide]})
    assert (await scene.verdict(email))[1] is Verdict.SAME
    later = await scene.receive("\r\nhello\r\n")
    assert (await scene.verdict(later))[:2] == ("sender.unmatched", Verdict.SAME)


async def test_an_erasure_is_named(scene: Scene, owner_dsn: str) -> None:
    email = await scene.receive("\r\nhello\r\n")
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from opening")
    assert await scene.verdict(email) == (
        "rule.matched",
        Verdict.UNDECIDABLE,
        "it was erased: what the decision saw cannot be read any more",
    )


async def test_what_no_policy_decided_says_so(scene: Scene) -> None:
    async with scene.house.db.transaction(scene.tenant) as tx:
        other = await access.add_account(tx, Address("bare", "gatepost.test"), at=scene.house.clock())
    scene.account = other.id
    email = await scene.receive("\r\nhello\r\n")
    assert (await scene.verdict(email))[2] == "no stored policy spoke: a built-in rule said policy.missing"


async def test_an_entry_is_found_by_its_number_and_another_tenants_is_not(scene: Scene) -> None:
    email = await scene.receive("\r\nhello\r\n")
    (case,) = await replay_entries(scene.house, scene.tenant, email=email)
    (again,) = await replay_entries(scene.house, scene.tenant, entry=case.row.entry)
    assert again == case
    assert await replay_entries(scene.house, TenantId("tn_other"), entry=case.row.entry) == []
    assert await replay_entries(scene.house, scene.tenant, entry=EntryId(2**62)) == []
