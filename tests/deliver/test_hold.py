"""Holding a message: what waits, and who may rule on it."""

from contextlib import suppress
from dataclasses import replace

import pytest

import singly
from gatepost import access
from gatepost.access import Role
from gatepost.arrive.paper import Direction
from gatepost.db import Database
from gatepost.decide.paper import USUAL_WAIT, Disposition
from gatepost.deliver import hold, hold_end, hold_store
from gatepost.deliver.hold import Approver
from gatepost.deliver.paper import DefaultOutcome, Held, Hold, HoldState
from gatepost.ids import AccountId, EmailId, HoldId
from gatepost.keys import CursorError
from gatepost.mail.address import Address
from outbound import ACCOUNT, AGENT, BOSS, NOW, TENANT, entropy, inbound, outbound, recorded


async def keep(db: Database, *, is_outbound: bool = False) -> Hold:
    async with db.transaction(TENANT) as tx:
        paper = recorded(outbound() if is_outbound else inbound(), Disposition.HOLD)
        done = await singly.carry_out(tx, paper, entropy=entropy)
        assert isinstance(done.outcome, Held)
        return await hold.get(tx, done.outcome.hold)


async def test_a_hold_knows_what_waits_until_when_and_who_proposed_it(db: Database) -> None:
    found = await keep(db)
    assert (found.account, found.direction, found.proposer) == (ACCOUNT, Direction.INBOUND, None)
    assert (found.state, found.default, found.expires_at) == (
        HoldState.WAITING,
        DefaultOutcome.REFUSE,
        inbound().received_at + USUAL_WAIT.lasts,
    )
    assert (found.author, found.blob, found.size_octets) == (str(BOSS), inbound().blob, len(inbound().raw))
    proposed = await keep(db, is_outbound=True)
    assert (proposed.direction, proposed.proposer) == (Direction.OUTBOUND, outbound().submitter)
    assert proposed.digest != found.digest


async def test_a_hold_is_found_by_its_account_and_tenant_alone(db: Database) -> None:
    found = await keep(db)
    async with db.transaction(TENANT) as tx:
        assert await hold.get(tx, found.id, ACCOUNT) == found
        assert await hold.on_email(tx, found.email) == found
        assert await hold.on_email(tx, EmailId("em_none")) is None
        assert await hold.page(tx, AccountId(99), state=None, limit=9) == ([], None)
        with pytest.raises(hold.HoldMissingError):
            await hold.get(tx, found.id, AccountId(99))
        with pytest.raises(hold.HoldMissingError):
            await hold_end.claim(tx, HoldId("ho_none"))


async def test_no_agent_rules_nor_whoever_wrote_or_proposed_it(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        await access.add_tenant(tx, name="One", plan="team", at=NOW)
        boss = await access.add_person(tx, BOSS, Role.OWNER, at=NOW, entropy=entropy)
        officer = await access.add_person(tx, Address("officer", "example.org"), Role.OWNER, at=NOW, entropy=entropy)
        keys = {
            whose: (await access.add_key(tx, Role.OWNER, label="k", at=NOW, entropy=entropy, person=person))[0].id
            for whose, person in (("boss", boss), ("officer", officer), ("nobody", None), ("other", None))
        }
    written = await keep(db)
    tagged = replace(written, author=str(Address(f"{BOSS.local}+desk", BOSS.domain)))
    proposed = replace(await keep(db, is_outbound=True), proposer=keys["nobody"], author=str(AGENT))
    proposed_by_boss = replace(proposed, proposer=keys["boss"])
    by_link: dict[str, str] = {boss.id: "boss's link", officer.id: "officer's link"}
    named: dict[str, str] = {**{key: whose for whose, key in keys.items()}, **by_link, "operator": "operator"}
    may: dict[str, set[str]] = {}
    async with db.transaction(TENANT) as tx:
        for what, waiting in (
            ("written", written),
            ("tagged", tagged),
            ("of a key", proposed),
            ("of boss", proposed_by_boss),
        ):
            may[what] = set()
            for each, name in named.items():
                with suppress(hold.ApproverError):
                    await hold.check_approver(tx, waiting, Approver(id=each))
                    may[what].add(name)
                with pytest.raises(hold.ApproverError):
                    await hold.check_approver(tx, waiting, Approver(id=each, is_agent=True))
    assert may["written"] == may["tagged"] == {"officer", "officer's link", "operator"}
    assert may["of a key"] == {"boss", "officer", "other", "operator"}
    assert may["of boss"] == {"officer", "officer's link", "nobody", "other", "operator"}


async def test_pages_go_from_the_newest_to_the_oldest(db: Database) -> None:
    first = await keep(db)
    async with db.transaction(TENANT) as tx:
        for number in range(5):
            later = replace(first, id=HoldId(f"ho_{number}"), held_at=NOW)
            await hold_store.insert(tx, later)
        one = await hold.page(tx, ACCOUNT, state=HoldState.WAITING, limit=4)
        two = await hold.page(tx, ACCOUNT, state=HoldState.WAITING, limit=4, cursor=one.after)
        assert len({each.id for each in (*one.holds, *two.holds)}) == 6
        assert two.after is None
        assert await hold.page(tx, ACCOUNT, state=HoldState.RELEASED, limit=4) == ([], None)
        with pytest.raises(CursorError):
            await hold.page(tx, ACCOUNT, state=HoldState.RELEASED, limit=4, cursor=one.after)
