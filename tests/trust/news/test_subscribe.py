"""Asking, confirming, leaving; on real PostgreSQL."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gatepost.egress import Purpose
from gatepost.record.trust_log import TRUST
from gatepost.trust.news import Channel, Topic, store, subscribe
from gatepost.trust.news.paper import Subscriber
from gatepost.trust.news.subscribe import TargetError, TooManyError
from trust.posting import Posting
from ways import way_out

ADDRESS = "reader@example.org"
BOTH = frozenset(Topic)


async def asked(post: Posting, address: str = ADDRESS, topics: Collection[Topic] = BOTH) -> Subscriber:
    await subscribe.ask(post.house, Channel.MAIL, address, topics)
    return await known(post, address)


async def known(post: Posting, address: str = ADDRESS) -> Subscriber:
    async with post.house.db.transaction(TRUST) as tx:
        found = await store.by_target(tx, Channel.MAIL, address)
    assert found is not None
    return found


def tokens(post: Posting, of: Subscriber) -> tuple[str, str]:
    confirm, leave = subscribe.links(post.house, of)
    return confirm.rpartition("/")[2], leave.rpartition("/")[2]


async def test_nobody_is_told_before_the_link_counted_and_it_counts_once(post: Posting) -> None:
    found = await asked(post)
    assert (found.topics, found.confirmed_at) == (frozenset(), None)
    confirm, _ = tokens(post, found)
    assert await subscribe.confirm(post.house, confirm)
    assert (await known(post)).topics == BOTH
    assert not await subscribe.confirm(post.house, confirm)


async def test_other_topics_count_once_they_are_confirmed(post: Posting) -> None:
    confirm, _ = tokens(post, await asked(post))
    await subscribe.confirm(post.house, confirm)
    post.clock.move(timedelta(hours=1))
    again = await asked(post, topics=[Topic.STATUS])
    assert (again.topics, again.wanted) == (BOTH, frozenset({Topic.STATUS}))
    await subscribe.confirm(post.house, tokens(post, again)[0])
    assert (await known(post)).topics == {Topic.STATUS}


async def test_only_the_last_mail_s_link_counts_and_not_for_ever(post: Posting) -> None:
    first, _ = tokens(post, await asked(post))
    post.clock.move(timedelta(hours=1))
    second, _ = tokens(post, await asked(post))
    assert not await subscribe.confirm(post.house, first)
    post.clock.move(subscribe.CONFIRM_WITHIN)
    assert not await subscribe.confirm(post.house, second)


async def test_one_address_gets_one_mail_in_ten_minutes_and_the_answer_is_the_same(post: Posting) -> None:
    before = await asked(post)
    after = await asked(post, address=ADDRESS)
    assert before == after
    async with post.house.db.transaction(TRUST) as tx:
        assert (await tx.one("select count(*) as count from job where tenant = %(tenant)s")).count == 1


async def test_the_form_floods_nobody(post: Posting) -> None:
    for number in range(subscribe.PER_HOUR):
        await asked(post, f"{number}@example.org")
    for address in ("three@example.org", "1@example.org"):  # known or not: the same word
        with pytest.raises(TooManyError):
            await asked(post, address)
    post.clock.move(timedelta(hours=1))
    await asked(post, "three@example.org")


async def test_who_leaves_is_forgotten_and_may_press_twice(post: Posting) -> None:
    found = await asked(post)
    _, leave = tokens(post, found)
    assert await subscribe.leave(post.house, leave)
    assert await subscribe.leave(post.house, leave)
    assert await subscribe.find(post.house, subscribe.LEAVE, leave) == (None, 0)
    assert not await subscribe.leave(post.house, tokens(post, found)[0])


async def test_who_never_confirmed_is_forgotten_after_two_days(post: Posting) -> None:
    confirm, _ = tokens(post, await asked(post))
    await subscribe.confirm(post.house, confirm)
    await asked(post, "other@example.org")
    post.clock.move(subscribe.CONFIRM_WITHIN)
    assert await subscribe.tidy(post.house) == 1
    assert (await known(post)).confirmed_at is not None


@pytest.mark.parametrize(
    ("channel", "target", "topics"),
    [
        (Channel.MAIL, "nobody", BOTH),
        (Channel.MAIL, "a@b\r\nBcc: c@d.test", BOTH),
        (Channel.WEBHOOK, "ftp://example.org/", BOTH),
        (Channel.WEBHOOK, "https://user:secret@example.org/", BOTH),
        (Channel.MAIL, ADDRESS, frozenset()),
    ],
)
async def test_what_cannot_be_told_is_refused(
    post: Posting, channel: Channel, target: str, topics: Collection[Topic]
) -> None:
    with pytest.raises(TargetError):
        await subscribe.ask(post.house, channel, target, topics)


async def test_no_address_lies_in_the_tables_in_clear(post: Posting, owner_dsn: str) -> None:
    await asked(post)
    with psycopg.connect(owner_dsn) as connection:
        rows = connection.execute("select subscriber::text from subscriber").fetchall()
        rows += connection.execute("select job::text from job").fetchall()
    assert rows
    assert not any("example.org" in row[0] or b"example.org".hex() in row[0] for row in rows)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "localhost"])
async def test_no_stranger_has_us_call_where_nobody_may_connect(post: Posting, host: str) -> None:
    house = replace(post.house, egress=way_out(private=False))
    with pytest.raises(TargetError, match="public host"):
        await subscribe.ask(house, Channel.WEBHOOK, f"https://{host}/secret", {Topic.TRUST})
    [(what, times)] = house.egress.take().refused.items()
    assert (what.purpose, what.tenant, what.ref, times.count) == (Purpose.WEBHOOK, None, "news.ask", 1)
    async with house.db.transaction(TRUST) as tx:
        assert await store.by_target(tx, Channel.WEBHOOK, f"https://{host}/secret") is None
