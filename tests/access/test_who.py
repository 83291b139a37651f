"""Which two who act may be one human, and who may have written a message."""

from dataclasses import dataclass
from itertools import product

import pytest

from access.scene import AGENT, AT, OFFICER, SEEDED, A
from gatepost.access import Role, add_account, add_key, add_person, may_be_at, may_be_same, remove_key
from gatepost.db import Database, Transaction
from gatepost.ids import KeyId
from gatepost.mail.address import Address

BOSS = Address.parse("boss@people.test")


@dataclass
class Cast:
    """Ids of all kinds of those who act; ``boss_`` and ``officer_`` are one human each."""

    boss: str
    boss_key: str
    boss_other_key: str
    officer: str
    officer_key: str
    some_key: str
    other_key: str
    gone_key: str
    agent_key: str
    hosted: str = "ag_1"
    operator: str = "operator"


async def cast(tx: Transaction) -> Cast:
    boss = await add_person(tx, BOSS, Role.OWNER, at=AT, entropy=SEEDED)
    officer = await add_person(tx, OFFICER, Role.APPROVER, at=AT, entropy=SEEDED)
    account = await add_account(tx, AGENT, at=AT)
    made: list[KeyId] = []
    for role, person in (
        *((Role.OWNER, boss), (Role.APPROVER, boss), (Role.APPROVER, officer)),
        *((Role.OWNER, None), (Role.OWNER, None), (Role.OWNER, None), (Role.AGENT, None)),
    ):
        bound = account.id if role is Role.AGENT else None
        key, _ = await add_key(tx, role, label="k", at=AT, entropy=SEEDED, account=bound, person=person)
        made.append(key.id)
    first, second, officers, some, other, gone, agents = made
    await remove_key(tx, gone)
    return Cast(boss.id, first, second, officer.id, officers, some, other, gone, agents)


async def test_one_human_is_known_by_their_keys_and_their_link_and_an_unnamed_key_may_be_any_links(
    house: Database,
) -> None:
    async with house.transaction(A) as tx:
        seen = await cast(tx)
        names = vars(seen)
        same = {
            frozenset((one, other))
            for one, other in product(names, repeat=2)
            if one != other and await may_be_same(tx, names[one], names[other])
        }
        assert all([await may_be_same(tx, each, each) for each in names.values()])
    of_boss = {frozenset(each) for each in (("boss", "boss_key"), ("boss", "boss_other_key"))}
    of_boss.add(frozenset(("boss_key", "boss_other_key")))
    of_nobody = {frozenset(each) for each in product(("boss", "officer"), ("some_key", "other_key", "gone_key"))}
    assert same == of_boss | of_nobody | {frozenset(("officer", "officer_key"))}


@pytest.mark.parametrize("address", ["boss@people.test", "Boss+desk@people.test"])
async def test_who_wrote_is_known_by_the_address_and_an_unnamed_key_may_be_any_persons(
    house: Database, address: str
) -> None:
    async with house.transaction(A) as tx:
        seen = await cast(tx)
        may = {name for name, each in vars(seen).items() if await may_be_at(tx, each, address)}
        stranger = {name for name, each in vars(seen).items() if await may_be_at(tx, each, "x@stranger.test")}
    assert may == {"boss", "boss_key", "boss_other_key", "some_key", "other_key", "gone_key"}
    assert stranger == set()


async def test_two_people_under_tags_of_one_address_are_one_human(house: Database) -> None:
    """Whoever had a second entry under a tag of their own address approved what they had proposed."""
    async with house.transaction(A) as tx:
        seen = await cast(tx)
        tagged = await add_person(tx, Address.parse("Boss+desk@people.test"), Role.OWNER, at=AT, entropy=SEEDED)
        key, _ = await add_key(tx, Role.OWNER, label="k", at=AT, entropy=SEEDED, person=tagged)
        for one, other in product((tagged.id, key.id), (seen.boss, seen.boss_key, seen.boss_other_key)):
            assert await may_be_same(tx, one, other)
            assert await may_be_same(tx, other, one)
        assert not await may_be_same(tx, key.id, seen.officer_key)
