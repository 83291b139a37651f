"""Links and visits that are none; the whole way is walked in ``tests/doors/public/test_room.py``."""

import psycopg
import pytest

from gatepost.record.trust_log import TRUST
from gatepost.trust import signed_link
from gatepost.trust.room import State, doorman, store, visit
from gatepost.trust.room.paper import Visitor
from trust.posting import Posting


@pytest.mark.parametrize("link", ["", "x", "a.b", "é.é", "x" * 10_000])
async def test_what_is_no_link_lets_nobody_in(post: Posting, link: str) -> None:
    assert await visit.enter(post.house, link) is None
    assert not await visit.is_good(post.house, link)
    assert await visit.inside(post.house, link) is None


async def test_a_link_for_something_else_lets_nobody_in(post: Posting) -> None:
    link = signed_link.sign("subscribe", "rg_one", 0, post.house.keyring)
    assert await visit.enter(post.house, link) is None
    assert await visit.enter(post.house, signed_link.sign(visit.PURPOSE, "rg_one", 0, post.house.keyring)) is None


@pytest.mark.parametrize("state", State)
async def test_nobody_decides_about_what_was_never_asked(post: Posting, state: State) -> None:
    assert not await visit.decide(post.house, "rg_none", state, days=1, by="operator")
    assert doorman.Doorman(post.house, post.folder).handlers().keys() == {visit.LETTER}


async def test_whoever_asks_waits_for_a_person_only_once_that_is_written_down(post: Posting, owner_dsn: str) -> None:
    asking = Visitor(name="Ann", company="Example", address="ann@visitor.example", why="an audit")
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute("revoke insert on entry from gatepost_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await visit.ask(post.house, asking)
        owner.execute("grant insert on entry to gatepost_app")
    async with post.house.db.transaction(TRUST) as tx:
        assert await store.grants(tx) == []
        assert await tx.all("select from job where tenant = %(tenant)s") == []
    await visit.ask(post.house, asking)
    async with post.house.db.transaction(TRUST) as tx:
        assert [each.visitor for each in await store.grants(tx)] == [asking]


async def test_of_two_who_decide_at_once_the_first_counts(post: Posting) -> None:
    await visit.ask(post.house, Visitor(name="Ann", company="Example", address="ann@visitor.example", why="an audit"))
    async with post.house.db.transaction(TRUST) as tx:
        (asked,) = await store.grants(tx)
        now = post.house.clock()
        assert await store.decide(tx, asked.id, State.ASKED, State.REFUSED, at=now, expires_at=None)
        assert not await store.decide(tx, asked.id, State.ASKED, State.APPROVED, at=now, expires_at=now)
        assert [each.state for each in await store.grants(tx)] == [State.REFUSED]
