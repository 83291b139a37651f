"""Promises kept: who is told what, once, through a real mail server and a real receiver."""

import base64
from datetime import timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatepost.record.trust_log import TRUST
from gatepost.trust import git, incidents, leaf, parts, status
from gatepost.trust import store as facts
from gatepost.trust.incidents import Impact, State
from gatepost.trust.news import Channel, Topic, post, store, subscribe
from outbound import Receiver, http_receiver
from trust.posting import Posting, link_in
from trust.test_git import WHO

ADDRESS = "reader@example.org"


async def subscribed(post: Posting, target: str = ADDRESS, channel: Channel = Channel.MAIL, *topics: Topic) -> None:
    await subscribe.ask(post.house, channel, target, topics or tuple(Topic))
    async with post.house.db.transaction(TRUST) as tx:
        found = await store.by_target(tx, channel, target)
        await tx.run("delete from job where tenant = %(tenant)s")
    assert found is not None
    assert await subscribe.confirm(post.house, subscribe.links(post.house, found)[0].rpartition("/")[2])


async def incident(post: Posting, *, is_exercise: bool = False) -> str:
    post.clock.move(timedelta(minutes=1))
    identifier = incidents.new_id(post.house.entropy)
    fact = incidents.opened(
        identifier,
        name="Mail is late",
        state=State.INVESTIGATING,
        impact=Impact.MAJOR,
        body="We are looking.",
        at=post.clock(),
        is_exercise=is_exercise,
    )
    await status.say(post.house.db, fact, entropy=post.house.entropy)
    return identifier


async def test_the_confirmation_is_one_mail_with_a_link_and_nothing_else(post: Posting) -> None:
    await subscribe.ask(post.house, Channel.MAIL, ADDRESS, [Topic.STATUS])
    assert await post.keep() == []
    (mail,) = post.mails()
    assert post.recipients() == [[ADDRESS]]
    assert mail["subject"] == "Lanternpost: please confirm"
    assert "tells this address of:\nincidents and maintenance" in mail.get_content().replace("\r\n", "\n")
    assert link_in(mail).startswith("/trust/subscribe/confirm/")
    assert mail["list-unsubscribe"] is None


async def test_each_word_of_an_incident_is_told_once_in_order(post: Posting) -> None:
    await subscribed(post)
    identifier = await incident(post)
    assert await post_spread(post) == 1
    assert await post_spread(post) == 0
    found = await status.read_incident(post.house, identifier)
    assert found is not None
    post.clock.move(timedelta(minutes=1))
    over = incidents.updated(found, state=State.RESOLVED, body="A disk was full.", at=post.clock())
    await status.say(post.house.db, over, entropy=post.house.entropy)
    assert await post_spread(post) == 1
    await post.keep()
    mails = post.mails()
    assert [mail["subject"] for mail in mails] == [
        "[Lanternpost] Mail is late: investigating",
        "[Lanternpost] Mail is late: resolved",
    ]
    assert "A disk was full." in mails[1].get_content()
    assert f"/status/incidents/{identifier}" in mails[0].get_content()
    assert mails[0]["message-id"] != mails[1]["message-id"]


async def post_spread(posting: Posting) -> int:
    return await post.spread(posting.house)


async def test_a_revision_is_told_by_what_it_changed_and_its_commit_by_nobody(post: Posting) -> None:
    await subscribed(post)
    engine = post.engine()
    await engine.round()
    post.clock.move(timedelta(minutes=1))
    register = post.folder / "suppliers.toml"
    register.write_text(register.read_text().replace('purpose = "', 'purpose = "the same: ', 1))
    await engine.round()
    await post_spread(post)
    await post.keep()
    assert [mail["subject"] for mail in post.mails()] == ["[Lanternpost] What we publish has changed"] * 2
    first, second = (mail.get_content() for mail in post.mails())
    assert parts.FIRST in first
    assert f"Changed: suppliers ({post.operator().suppliers[0].id})." in second
    for words in (("init", "--quiet"), ("add", "."), (*WHO, "commit", "-qm", "one")):
        await git.ask(post.folder, *words)
    post.clock.move(timedelta(minutes=1))
    await engine.round()
    async with post.house.db.transaction(TRUST) as tx:
        assert len(await facts.history(tx, leaf.REVISION, limit=9)) == 3
    assert await post_spread(post) == 0


async def test_who_chose_something_else_confirmed_later_or_left_is_told_nothing(post: Posting) -> None:
    await subscribed(post, "trust@example.org", Channel.MAIL, Topic.TRUST)
    await subscribed(post, "leaver@example.org")
    await incident(post)
    post.clock.move(timedelta(minutes=1))
    await subscribed(post, "late@example.org")
    assert await post_spread(post) == 1
    async with post.house.db.transaction(TRUST) as tx:
        leaver = await store.by_target(tx, Channel.MAIL, "leaver@example.org")
        assert leaver is not None
        await store.remove(tx, leaver.id)
    await post.keep()
    assert post.sink.mails == []


async def test_neither_an_exercise_nor_what_is_old_is_told(post: Posting) -> None:
    await subscribed(post)
    await incident(post, is_exercise=True)
    assert await post_spread(post) == 0
    await incident(post)
    post.clock.move(timedelta(days=3))
    assert await post_spread(post) == 0


async def test_a_revision_of_what_is_published_is_told(post: Posting) -> None:
    await subscribed(post)
    post.clock.move(timedelta(minutes=1))
    await post.engine().round(everything=True)
    assert await post_spread(post) == 1
    await post.keep()
    (mail,) = post.mails()
    assert mail["subject"] == "[Lanternpost] What we publish has changed"
    assert "/trust/changes" in mail.get_content()


async def test_a_server_that_is_busy_is_asked_again_and_an_address_nobody_has_is_forgotten(post: Posting) -> None:
    await subscribed(post)
    await incident(post)
    await post_spread(post)
    post.sink.replies = ["451 4.3.0 later"]
    assert len(await post.keep()) == 1
    post.sink.rcpt_reply = "550 5.1.1 nobody"
    assert await post.keep() == []
    async with post.house.db.transaction(TRUST) as tx:
        assert await store.by_target(tx, Channel.MAIL, ADDRESS) is None


async def heard(receiver: Receiver, key: str) -> dict[str, object]:
    """Return the last event a receiver got, its signature checked as Standard Webhooks says."""
    headers, body = receiver.requests[-1]
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    public.verify(base64.b64decode(signature), signed)
    found: dict[str, object] = orjson.loads(body)
    return found


async def test_a_webhook_is_confirmed_told_signed_and_ended_by_410(post: Posting) -> None:
    key = post_key(post)
    async with http_receiver("200 OK", "503 Busy", "200 OK", "410 Gone") as receiver:
        await subscribe.ask(post.house, Channel.WEBHOOK, receiver.url, [Topic.STATUS])
        await post.keep()
        asked = await heard(receiver, key)
        assert asked["type"] == "subscription.confirm"
        link = str(asked["data"]["confirm_url"]).rpartition("/")[2]  # type: ignore[index]  # it is an object
        assert await subscribe.confirm(post.house, link)
        await incident(post)
        await post_spread(post)
        assert await post.keep() == ["receiver.refused"]
        assert await post.keep() == []
        told = await heard(receiver, key)
        assert told["type"] == "incident.opened"
        assert receiver.requests[1][0]["webhook-id"] == receiver.requests[2][0]["webhook-id"]
        await incident(post)
        await post_spread(post)
        await post.keep()
        async with post.house.db.transaction(TRUST) as tx:
            assert await store.by_target(tx, Channel.WEBHOOK, receiver.url) is None


def post_key(posting: Posting) -> str:
    return post.whpk(posting.house.keyring)


async def test_no_address_stands_in_the_running_log(post: Posting, said: list[dict[str, object]]) -> None:
    await subscribed(post)
    await incident(post)
    await post_spread(post)
    await post.keep()
    assert any(line["event"] == "news.mailed" for line in said)
    assert not any("example.org" in str(line) for line in said)


@pytest.mark.parametrize("name", ["claims.toml"])
async def test_a_folder_that_cannot_be_read_delays_and_loses_nothing(post: Posting, name: str) -> None:
    await subscribed(post)
    await incident(post)
    await post_spread(post)
    whole = (post.folder / name).read_text()
    (post.folder / name).write_text("[[")
    assert await post.keep() == ["operator.unreadable"]
    (post.folder / name).write_text(whole)
    assert await post.keep() == []
    assert len(post.sink.mails) == 1
