"""Links and visits that are none; the whole way is walked in ``tests/doors/public/test_room.py``."""

import pytest

from gatepost.trust import signed_link
from gatepost.trust.room import State, doorman, visit
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
