import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from gatepost import domains, mailbox
from gatepost.blobs import address_of
from gatepost.db import Database
from gatepost.deliver import FAILED, attempt, handlers, store
from gatepost.deliver.paper import State, Submission
from gatepost.deliver.retry import GIVE_UP_AFTER
from gatepost.deliver.send import KIND, Courier
from gatepost.deliver.traffic import CROWDED, FIRST, LONG, PATIENCE_S, CrowdedError
from gatepost.ids import EmailId, SubmissionId
from gatepost.jobs import TryAgainError
from gatepost.journey import House
from gatepost.mailbox.body import object_path
from outbound import (
    ACCOUNT,
    AGENT,
    BOSS,
    KEPT,
    NOW,
    TENANT,
    Hands,
    Sink,
    Zone,
    consequences,
    entropy,
    house,
    job,
    smtp_sink,
)

RAW = b"From: agent@gatepost.test\r\nTo: boss@example.org\r\nMessage-ID: <em_a@gatepost.test>\r\n\r\nYes.\r\n"
ONE = SubmissionId("su_a")
PROMISE = job(attempt(ONE))


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with smtp_sink() as running:
        yield running


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
async def standing(db: Database, tmp_path: Path, clock: Hands, sink: Sink) -> House:
    """A house with a domain, one queued submission and a next hop."""
    built = house(db, tmp_path, clock, port=sink.port)
    async with db.transaction(TENANT) as tx:
        body = mailbox.Body(email=EmailId("em_a"), octets=RAW, received_at=NOW, subject=None)
        mailbox.keep_bodies(tx, [body])
        await domains.add_domain(
            tx, "gatepost.test", postmaster=ACCOUNT, keyring=built.keyring, at=NOW, entropy=entropy
        )
        await store.insert(
            tx,
            Submission(
                id=ONE,
                email=EmailId("em_a"),
                answers=KEPT.id,
                account=ACCOUNT,
                blob=address_of(RAW),
                author_domain="gatepost.test",
                mail_from=AGENT,
                rcpt_to=BOSS,
                state=State.QUEUED,
                attempts=0,
                submitted_at=NOW,
                due_at=NOW,
            ),
        )
    return built


async def _state(standing: House) -> tuple[State, int]:
    async with standing.db.transaction(TENANT) as tx:
        found = await store.by_id(tx, ONE)
    assert found is not None
    return found.state, found.attempts


async def _send(standing: House) -> None:
    await handlers(standing)[KIND](PROMISE)


async def test_it_leaves_signed_and_is_recorded(standing: House, sink: Sink) -> None:
    await _send(standing)
    [mail] = sink.mails
    assert mail.content.endswith(RAW)
    assert mail.content.count(b"DKIM-Signature:") == 2
    assert mail.content.count(b"d=gatepost.test;") == 2
    assert await _state(standing) == (State.SENT, 1)
    assert await consequences(standing.db) == [(KEPT.id, "attempt.accepted")]


async def test_a_job_that_runs_twice_sends_once(standing: House, sink: Sink) -> None:
    await _send(standing)
    await _send(standing)
    assert len(sink.mails) == 1
    assert await consequences(standing.db) == [(KEPT.id, "attempt.accepted")]


async def test_a_deferred_attempt_comes_back_and_succeeds(standing: House, sink: Sink, clock: Hands) -> None:
    sink.replies = ["451 4.3.0 later"]
    with pytest.raises(TryAgainError) as caught:
        await _send(standing)
    assert caught.value.at == NOW + timedelta(minutes=5)
    assert await _state(standing) == (State.DEFERRED, 1)
    clock.now = caught.value.at
    await _send(standing)
    assert await _state(standing) == (State.SENT, 2)
    assert await consequences(standing.db) == [(KEPT.id, "attempt.deferred"), (KEPT.id, "attempt.accepted")]


async def test_a_job_that_comes_back_too_soon_waits(standing: House, sink: Sink) -> None:
    sink.replies = ["451 4.3.0 later"]
    for _ in range(3):
        with pytest.raises(TryAgainError) as caught:
            await _send(standing)
        assert caught.value.at == NOW + timedelta(minutes=5)
    assert await _state(standing) == (State.DEFERRED, 1)
    assert sink.mails == []


async def test_a_final_refusal_ends_it(standing: House, sink: Sink) -> None:
    sink.rcpt_reply = "550 5.1.1 unknown"
    await _send(standing)
    assert await _state(standing) == (State.FAILED, 1)
    assert await consequences(standing.db) == [(KEPT.id, "attempt.failed")]


async def test_after_five_days_it_is_given_up(standing: House, sink: Sink, clock: Hands) -> None:
    sink.rcpt_reply = "451 4.3.0 later"
    clock.move(timedelta(days=5))
    await _send(standing)
    assert await _state(standing) == (State.FAILED, 1)


async def test_by_a_clock_that_is_ahead_nothing_is_given_up(standing: House, sink: Sink, clock: Hands) -> None:
    sink.rcpt_reply = "451 4.3.0 later"
    clock.move(timedelta(days=8))
    with pytest.raises(TryAgainError):
        await _send(replace(standing, past=lambda: NOW))
    assert await _state(standing) == (State.DEFERRED, 1)


async def test_without_a_key_nothing_leaves_unsigned(standing: House, sink: Sink) -> None:
    async with standing.db.transaction(TENANT) as tx:
        assert await domains.remove_domain(tx, "gatepost.test")
    with pytest.raises(TryAgainError, match=r"signing\.no_key"):
        await _send(standing)
    assert sink.mails == []


async def test_without_a_next_hop_the_mx_is_asked(standing: House, sink: Sink) -> None:
    direct = replace(standing, next_hop=None, dns=Zone({}))
    await _send(direct)
    assert await _state(standing) == (State.FAILED, 1)
    assert sink.mails == []


@pytest.mark.parametrize(
    ("harm", "reason"),
    [("delete from body", "body.missing"), ("update body set sealed = 'something else'", "body.damaged")],
)
async def test_octets_that_cannot_be_had_are_tried_again_for_five_days(
    standing: House, owner_dsn: str, clock: Hands, harm: str, reason: str
) -> None:
    """A proxy's 404 of some seconds, or a volume that was not mounted, told the author "Not delivered"."""
    with psycopg.connect(owner_dsn) as owner:
        owner.execute(harm)
    with capture_logs() as lines, pytest.raises(TryAgainError, match=reason):
        await _send(standing)
    assert await _state(standing) == (State.DEFERRED, 1)
    told = [line for line in lines if line["log_level"] == "error"]
    assert [(line["event"], line["reason"]) for line in told] == [("submission.body_unavailable", reason)]
    clock.move(timedelta(days=5))
    await _send(standing)
    assert await _state(standing) == (State.FAILED, 2)


async def test_a_store_that_is_away_is_an_attempt_like_any_other(
    standing: House, owner_dsn: str, tmp_path: Path, sink: Sink, clock: Hands
) -> None:
    """The job of it was given up after four hours, and its author heard of nothing."""
    place = tmp_path / object_path(TENANT, EmailId("em_a"))
    place.mkdir(parents=True)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("alter table body rename to hidden; create table body as select * from hidden with no data")
        owner.execute("grant select on body to gatepost_app")
    with pytest.raises(TryAgainError, match=r"blobs\.away") as again:
        await _send(standing)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("drop table body; alter table hidden rename to body")
    clock.now = again.value.at
    await _send(standing)
    assert await _state(standing) == (State.SENT, 2)
    assert len(sink.mails) == 1


async def test_an_unknown_submission_is_nobodys_work(standing: House) -> None:
    await handlers(standing)[KIND](job(attempt(SubmissionId("su_unknown"))))
    assert await consequences(standing.db) == []


async def test_where_its_destination_has_no_room_it_is_put_off_and_nothing_is_recorded(
    standing: House, sink: Sink
) -> None:
    courier = Courier(standing)
    hop = standing.next_hop
    assert hop is not None
    async with AsyncExitStack() as stack:
        for _ in range(FIRST):
            await stack.enter_async_context(standing.traffic.toward(f"{hop.host}:{hop.port}"))
        standing.traffic._clock = lambda: time.monotonic() + PATIENCE_S  # nobody answered since
        with pytest.raises(TryAgainError) as caught:
            await courier.send(PROMISE)
    assert caught.value.at >= NOW + timedelta(seconds=LONG.least_s)
    assert await _state(standing) == (State.QUEUED, 0)
    assert await consequences(standing.db) == []
    await courier.send(PROMISE)
    assert await _state(standing) == (State.SENT, 1)
    assert len(sink.mails) == 1


async def test_who_was_put_off_is_called_by_the_answer_to_another(standing: House, clock: Hands) -> None:
    """Before, it came when its own turn did, however early the destination answered again."""
    async with standing.db.transaction(TENANT) as tx:
        await standing.jobs.enqueue(tx, attempt(ONE))  # the one that is kept below
        waiting = await standing.jobs.enqueue(tx, attempt(SubmissionId("su_b")))
        await tx.run("update job set reason = %(why)s, due_at = due_at + interval '1 hour'", why=CROWDED)
    hop = standing.next_hop
    assert hop is not None
    traffic = standing.traffic
    async with AsyncExitStack() as stack:
        for _ in range(FIRST):
            await stack.enter_async_context(traffic.toward(f"{hop.host}:{hop.port}"))
        traffic._clock = lambda: time.monotonic() + PATIENCE_S  # nobody answered since
        with pytest.raises(CrowdedError):
            await stack.enter_async_context(traffic.toward(f"{hop.host}:{hop.port}", "", TENANT, waiting))
    await _send(standing)
    async with standing.db.transaction(TENANT) as tx:
        assert (await tx.one("select due_at from job where id = %(id)s", id=waiting)).due_at == clock.now


async def test_what_found_no_room_until_its_time_was_over_is_given_up_and_told(standing: House, clock: Hands) -> None:
    """Behind a destination that hangs, some would never be tried, and nobody told."""
    hop = standing.next_hop
    assert hop is not None
    clock.now = NOW + GIVE_UP_AFTER
    async with AsyncExitStack() as stack:
        for _ in range(FIRST):
            await stack.enter_async_context(standing.traffic.toward(f"{hop.host}:{hop.port}"))
        standing.traffic._clock = lambda: time.monotonic() + PATIENCE_S  # nobody answered since
        await _send(standing)
    assert await _state(standing) == (State.FAILED, 1)
    assert await consequences(standing.db) == [(KEPT.id, "attempt.deferred")]
    async with standing.db.transaction(TENANT) as tx:
        assert [row.kind for row in await tx.all("select kind from job where tenant = %(tenant)s")] == [FAILED]
