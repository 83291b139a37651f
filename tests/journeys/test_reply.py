import asyncio
from email import message_from_bytes, policy

import pytest

from gatepost import record
from gatepost.ids import AccountId, EmailId, KeyId
from gatepost.journey import answer
from gatepost.mail.envelope import Envelope
from gatepost.record import AuditQuery
from gatepost.reply import ParentMissingError, ReplyRefusedError, Said, Voice
from journeys.scene import Scene
from outbound import AGENT, BOSS, TENANT, Sink, consequences


async def test_a_question_is_kept_answered_signed_and_recorded(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks()
    sent = await scene.agent_says(parent, "Yes.")
    await scene.work()
    [mail] = sink.mails
    assert (mail.mail_from, mail.rcpt_tos) == (str(AGENT), [str(BOSS)])
    message = message_from_bytes(mail.content, policy=policy.default)
    assert (message["Subject"], message["In-Reply-To"]) == ("Re: The meeting", "<1@example.org>")
    assert message["Message-ID"].startswith(f"<{sent.email}.")
    assert scene.house.own_ids.is_own(message["Message-ID"].strip("<>"))
    assert len(message.get_all("DKIM-Signature", [])) == 2
    assert await consequences(scene.house.db) == [(parent, "reply.queued"), (parent, "attempt.accepted")]


async def test_the_audit_row_shows_the_reply(scene: Scene) -> None:
    parent = await scene.boss_asks()
    sent = await scene.agent_says(parent, "Yes.")
    await scene.work()
    async with scene.house.db.transaction(TENANT) as tx:
        [row] = await record.audit_rows(tx, AuditQuery(account=scene.account, limit=10))
    assert (row.email, row.thread) == (parent, (await scene.kept(parent)).thread)
    assert isinstance(row.reply_sent, dict)
    assert (row.reply_sent["submission"], row.reply_sent["status"]) == (sent.submission, "sent")


async def test_saying_it_twice_sends_it_once(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks()
    first = await scene.agent_says(parent, "Yes.")
    second = await scene.agent_says(parent, "Yes.")
    await scene.work()
    assert (first.is_repeat, second.is_repeat) == (False, True)
    assert (second.submission, second.email) == (first.submission, first.email)
    assert len(sink.mails) == 1


async def test_saying_it_at_the_same_time_sends_it_once(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks()
    sent = await asyncio.gather(*(scene.agent_says(parent, "Yes.") for _ in range(5)))
    await scene.work()
    assert len({each.submission for each in sent}) == 1
    assert sorted(each.is_repeat for each in sent) == [False, True, True, True, True]
    assert len(sink.mails) == 1


async def test_a_different_text_is_a_new_mail(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "Yes.")
    assert not (await scene.agent_says(parent, "Yes, at noon.")).is_repeat
    await scene.work()
    assert len(sink.mails) == 2


async def test_the_callers_key_makes_it_the_same(scene: Scene) -> None:
    parent = await scene.boss_asks()
    first = await scene.agent_says(parent, "Yes.", key="k")
    assert (await scene.agent_says(parent, "Yes.", key="k")).submission == first.submission
    assert (await scene.agent_says(parent, "Yes.", key="l")).submission != first.submission


async def test_an_unknown_message_cannot_be_answered(scene: Scene) -> None:
    with pytest.raises(ParentMissingError):
        await scene.agent_says(EmailId("em_unknown"), "Yes.")


async def test_another_accounts_message_cannot_be_answered(scene: Scene) -> None:
    parent = await scene.boss_asks()
    said = Said(
        tenant=TENANT,
        account=AccountId(scene.account + 1),
        submitter=KeyId("ky_x"),
        parent=parent,
        voice=Voice.REPLY,
        text="Yes.",
    )
    with pytest.raises(ParentMissingError):
        await answer(said, scene.house)


async def test_a_reply_to_a_colleague_of_the_author_goes_there(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks(header="Reply-To: office@mail.example.org\r\n")
    await scene.agent_says(parent, "Yes.")
    await scene.work()
    assert sink.mails[0].rcpt_tos == ["office@mail.example.org"]


async def test_a_reply_to_a_stranger_is_refused_and_stands_in_the_record(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks(header="Reply-To: eve@evil.example\r\n")
    with pytest.raises(ReplyRefusedError) as caught:
        await scene.agent_says(parent, "Yes.")
    await scene.work()
    assert (caught.value.reason, sink.mails) == ("reply.foreign_recipient", [])
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select reason from decision_row where in_reply_to = %(parent)s", parent=parent)
    assert [row.reason for row in rows] == ["reply.foreign_recipient"]


async def test_a_bounce_is_a_notice_under_the_null_reverse_path(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "We take no invoices.", Voice.BOUNCE)
    await scene.work()
    [mail] = sink.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("<>", [str(BOSS)])
    assert b"We take no invoices." in mail.content
    assert (await consequences(scene.house.db))[0] == (parent, "bounce.queued")


async def test_a_machine_gets_no_bounce(scene: Scene) -> None:
    parent = await scene.boss_asks(header="Auto-Submitted: auto-generated\r\n")
    with pytest.raises(ReplyRefusedError, match=r"bounce\.automatic_sender"):
        await scene.agent_says(parent, "No.", Voice.BOUNCE)


async def test_the_null_sender_gets_no_bounce(scene: Scene) -> None:
    parent = await scene.boss_asks(envelope=Envelope(None, (AGENT,)))
    with pytest.raises(ReplyRefusedError, match=r"bounce\.automatic_sender"):
        await scene.agent_says(parent, "No.", Voice.BOUNCE)


async def test_the_boss_answers_back_into_the_same_thread(scene: Scene) -> None:
    first = await scene.boss_asks()
    sent = await scene.agent_says(first, "Yes.")
    own = scene.house.own_ids.write(sent.email, "gatepost.test")
    second = await scene.boss_asks(header=f"In-Reply-To: <{own}>\r\n")
    assert (await scene.kept(second)).thread == (await scene.kept(first)).thread


async def test_a_subject_full_of_tricks_stays_a_subject(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks(header="Subject: =?utf-8?q?a=0D=0ABcc:_eve=40evil.example?=\r\n")
    await scene.agent_says(parent, "Yes.")
    await scene.work()
    message = message_from_bytes(sink.mails[0].content, policy=policy.default)
    assert "Bcc" not in message
    assert sink.mails[0].rcpt_tos == [str(BOSS)]
