"""What leaves meets the outbound half of the policy, in the real journey: nothing but its entry comes of a refusal."""

import asyncio
import os
import sys
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import orjson
import pytest

from gatepost import decide, journey, mailbox
from gatepost.deliver import KeyReusedError
from gatepost.keys import KeyStore
from gatepost.mail.address import Address
from gatepost.mailbox.paper import Email
from gatepost.reply import Letter, ReplyRefusedError, Voice
from journeys.scene import KEY, POLICY, Scene
from outbound import NOW, TENANT, Sink, consequences, http_receiver


async def put(scene: Scene, **outbound: Any) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, {**POLICY, "outbound": outbound}, at=NOW, actor=KEY)


async def refusal(scene: Scene, text: str, **asked: Any) -> str:
    parent = await scene.boss_asks(**asked)
    with pytest.raises(ReplyRefusedError) as caught:
        await scene.agent_says(parent, text)
    return caught.value.reason


async def test_a_card_number_does_not_leave_and_its_entry_says_why(scene: Scene, sink: Sink) -> None:
    await put(scene, cardNumbers="reject")
    assert await refusal(scene, "Pay with 4111 1111 1111 1111, please.") == "leak.card_number"
    await scene.work()
    assert sink.mails == []
    async with scene.house.db.transaction(TENANT) as tx:
        [row] = await tx.all(
            "select reason, outcome from decision_row where tenant = %(tenant)s and direction = 'outbound'"
        )
    assert (row.reason, row.outcome) == ("leak.card_number", "rejected_at_content_guard")


async def test_what_the_policy_allows_leaves(scene: Scene, sink: Sink) -> None:
    await put(scene, recipients={"domains": ["example.org"]}, secrets="reject", cardNumbers="reject", ibans="reject")
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "Yes, at noon.")
    await scene.work()
    assert len(sink.mails) == 1


async def test_only_who_is_listed_is_written_to(scene: Scene) -> None:
    await put(scene, recipients={"domains": ["other.example"]})
    assert await refusal(scene, "Yes.") == "recipient.unlisted"


async def test_a_cap_of_replies_is_kept_and_the_window_slides(scene: Scene, sink: Sink) -> None:
    await put(scene, repliesPerThread={"perHour": 2})
    parent = await scene.boss_asks()
    for number in range(2):
        await scene.agent_says(parent, f"Answer {number}.")
    with pytest.raises(ReplyRefusedError, match=r"send\.thread_cap"):
        await scene.agent_says(parent, "One more.")
    scene.clock.move(timedelta(hours=1))
    await scene.agent_says(parent, "One more.")
    await scene.work()
    assert len(sink.mails) == 3


async def test_ping_pong_is_braked_without_any_policy(scene: Scene) -> None:
    parent = await scene.boss_asks()
    for number in range(20):
        await scene.agent_says(parent, f"Ping {number}.")
    with pytest.raises(ReplyRefusedError, match=r"send\.ping_pong"):
        await scene.agent_says(parent, "Ping.")


async def test_who_begins_a_new_thread_each_time_is_answered_so_often_and_no_more(scene: Scene, sink: Sink) -> None:
    """Another agent, whose every mail is a thread of its own; the answers are written at once, and count each other."""
    await put(scene, rateLimit={"perRecipient": {"perHour": 4}})
    parents = [await scene.boss_asks() for _ in range(8)]
    threads = {(await scene.kept(parent)).thread for parent in parents}
    said = await asyncio.gather(*[scene.agent_says(each, "Yes.") for each in parents], return_exceptions=True)
    refused = [each.reason for each in said if isinstance(each, ReplyRefusedError)]
    assert (len(threads), refused) == (8, ["send.rate_recipient"] * 4)
    await scene.work()
    assert len(sink.mails) == 4


async def test_a_machine_is_not_answered(scene: Scene) -> None:
    assert await refusal(scene, "Hello?", header="Auto-Submitted: auto-replied\r\n") == "reply.automatic_parent"


async def test_two_machines_end_by_rule_even_where_machines_may_be_answered(scene: Scene) -> None:
    await put(scene, toMachines="deliver")
    thread = ""
    for _ in range(4):
        parent = await scene.boss_asks(header=f"Auto-Submitted: auto-replied\r\nReferences: {thread}\r\n")
        sent = await scene.agent_says(parent, "Pong.")
        thread += f" <{scene.house.own_ids.write(sent.email, 'gatepost.test')}>"
    parent = await scene.boss_asks(header=f"Auto-Submitted: auto-replied\r\nReferences: {thread}\r\n")
    with pytest.raises(ReplyRefusedError, match=r"reply\.loop"):
        await scene.agent_says(parent, "Pong.")


async def test_the_footer_is_added_recorded_and_signed(scene: Scene, sink: Sink) -> None:
    await put(scene, footer="Written by an agent.\nAcme Ltd")
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "Yes.")
    await scene.work()
    [mail] = sink.mails
    message: Any = message_from_bytes(mail.content, policy=policy.default)
    assert message.get_payload(decode=True).splitlines() == [
        b"Yes.", b"", b"-- ", b"Written by an agent.", b"Acme Ltd"
    ]  # fmt: skip


async def test_both_policies_footers_are_added_and_let_the_reply_go(scene: Scene, sink: Sink) -> None:
    """The gate refused every reply of a mailbox whose footer was not the tenant's."""
    await put(scene, footer="Written by an agent.")
    async with scene.house.db.transaction(TENANT) as tx:
        above = {**POLICY, "outbound": {"footer": "Acme Ltd"}}
        await decide.put_policy(tx, decide.TENANT_WIDE, above, at=NOW, actor=KEY)
    await scene.agent_says(await scene.boss_asks(), "Yes.")
    await scene.work()
    [mail] = sink.mails
    message: Any = message_from_bytes(mail.content, policy=policy.default)
    assert message.get_payload(decode=True).splitlines()[-2:] == [b"Written by an agent.", b"Acme Ltd"]


async def test_a_bounce_shows_the_header_it_is_about(scene: Scene, sink: Sink) -> None:
    parent = await scene.boss_asks(header="X-Mark: seen\r\n")
    await scene.agent_says(parent, "We take no invoices.", Voice.BOUNCE)
    await scene.work()
    message: Any = message_from_bytes(sink.mails[0].content, policy=policy.default)
    *_, header = message.iter_parts()
    assert header.get_content_type() == "text/rfc822-headers"
    assert b"X-Mark: seen" in header.get_payload(decode=True)
    assert b"Can we meet" not in sink.mails[0].content


async def test_a_key_stands_for_one_text(scene: Scene) -> None:
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "Yes.", key="k")
    with pytest.raises(KeyReusedError):
        await scene.agent_says(parent, "No.", key="k")


async def notices(scene: Scene) -> list[Email]:
    async with scene.house.db.transaction(TENANT) as tx:
        return (await mailbox.page(tx, scene.account, limit=10, is_automatic=True)).emails


async def test_when_mail_finally_fails_a_notice_comes_in_by_the_same_road(scene: Scene, sink: Sink) -> None:
    sink.rcpt_reply = "550 5.1.1 nobody here"
    async with http_receiver() as receiver:
        await scene.listen(receiver.url)
        parent = await scene.boss_asks()
        await scene.agent_says(parent, "Yes.")
        for _ in range(4):
            await scene.work()
        [notice] = await notices(scene)
        told = [orjson.loads(body)["data"]["email_id"] for _, body in receiver.requests]
    assert notice.id in told
    assert str(notice.author) == "mailer-daemon@mail.gatepost.test"
    assert (notice.is_proven, notice.is_automatic) == (True, True)
    assert notice.thread == (await scene.kept(parent)).thread
    octets = await mailbox.read_body(scene.house.db, scene.house.blobs, TENANT, notice.id, notice.blob)
    assert b"Diagnostic-Code: smtp; 550 5.1.1" in octets
    assert b"Re: The meeting" in octets
    async with scene.house.db.transaction(TENANT) as tx:
        [row] = await tx.all(
            "select reason, direction from decision_row where tenant = %(tenant)s and email = %(email)s",
            email=notice.id,
        )
    assert (row.reason, row.direction) == ("notice.own", "inbound")
    with pytest.raises(ReplyRefusedError, match=r"reply\.automatic_parent"):
        await scene.agent_says(notice.id, "Oh.")


async def test_a_failure_is_told_once_however_often_the_job_runs(scene: Scene, sink: Sink) -> None:
    sink.rcpt_reply = "550 5.1.1 nobody here"
    await scene.agent_says(await scene.boss_asks(), "Yes.")
    for _ in range(3):
        await scene.work()
    [notice] = await notices(scene)
    async with scene.house.db.transaction(TENANT) as tx:
        [row] = await tx.all(
            "select count(*) as times from decision_row where tenant = %(tenant)s and email = %(email)s",
            email=notice.id,
        )
    assert row.times == 1


async def test_a_bounce_that_fails_is_told_to_nobody(scene: Scene, sink: Sink) -> None:
    sink.rcpt_reply = "550 5.1.1 nobody here"
    await scene.agent_says(await scene.boss_asks(), "No.", Voice.BOUNCE)
    for _ in range(3):
        await scene.work()
    assert await notices(scene) == []


def letter(scene: Scene, *to: str, text: str = "It left today.") -> Letter:
    addresses = tuple(map(Address.parse, to))
    return Letter(tenant=TENANT, account=scene.account, submitter=KEY, to=addresses, subject="Your order", text=text)


async def test_mail_that_answers_nothing_goes_to_each_whom_the_policy_names(scene: Scene, sink: Sink) -> None:
    await put(scene, recipients={"domains": ["customer.example"], "addresses": ["boss@example.org"]})
    sent = await journey.send(letter(scene, "ann@customer.example", "boss@example.org"), scene.house)
    await scene.work()
    assert sorted(tuple(mail.rcpt_tos) for mail in sink.mails) == [("ann@customer.example",), ("boss@example.org",)]
    assert len({mail.content.partition(b"\r\nFrom:")[2] for mail in sink.mails}) == 1
    assert (await journey.send(letter(scene, "ann@customer.example", "boss@example.org"), scene.house)).is_repeat
    assert {action for _, action in await consequences(scene.house.db)} == {"reply.queued", "attempt.accepted"}
    own = scene.house.own_ids.write(sent.email, "gatepost.test")
    first = await scene.kept(await scene.boss_asks(header=f"In-Reply-To: <{own}>\r\n"))
    second = await scene.kept(await scene.boss_asks(header=f"References: <{own}>\r\n"))
    assert first.thread == second.thread


async def test_mail_that_answers_nothing_goes_nowhere_without_a_list(scene: Scene, sink: Sink) -> None:
    with pytest.raises(ReplyRefusedError, match=r"reply\.unknown_parent"):
        await journey.send(letter(scene, "boss@example.org"), scene.house)
    await scene.work()
    assert sink.mails == []


async def test_a_recipient_named_twice_gets_it_once(scene: Scene, sink: Sink) -> None:
    await put(scene, recipients={"addresses": ["boss@example.org"]}, recipientsPerMessage=1)
    await journey.send(letter(scene, "boss@example.org", "Boss@EXAMPLE.org"), scene.house)
    await scene.work()
    assert len(sink.mails) == 1


SENDER = Path(__file__).parent / "sender_at_once.py"


async def sent_by_two_processes(scene: Scene, dsn: str, keys: KeyStore, parent: str) -> int:
    """Let two processes send 16 times each, all at once, once both are ready; return how many were let go."""
    command = (sys.executable, SENDER, dsn, keys._folder, scene.folder, str(scene.account), parent, "16")
    environment = {**os.environ, "PYTHONPATH": str(SENDER.parents[1])}  # noqa: TID251  # a child's, not settings
    senders = [
        await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=environment
        )
        for _ in range(2)
    ]
    for each in senders:
        assert each.stdout is not None
        assert await each.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(each.communicate(b"go\n") for each in senders))
    return sum(int(out) for out, _ in said)


async def test_of_32_answers_of_two_processes_exactly_five_leave(
    scene: Scene, sink: Sink, app_dsn: str, keys: KeyStore
) -> None:
    await put(scene, repliesPerThread={"perHour": 5})
    parent = await scene.boss_asks()
    assert await sent_by_two_processes(scene, app_dsn, keys, parent) == 5
    assert await refusal(scene, "One more.", header="In-Reply-To: <1@example.org>\r\n") == "send.thread_cap"
    await scene.work()
    assert len(sink.mails) == 5


async def test_of_32_letters_of_two_processes_exactly_five_leave(
    scene: Scene, sink: Sink, app_dsn: str, keys: KeyStore
) -> None:
    """Each goes to two people of one domain, and counts twice."""
    await put(scene, recipients={"domains": ["customer.example"]}, rateLimit={"perDomain": {"perHour": 10}})
    assert await sent_by_two_processes(scene, app_dsn, keys, "") == 5
    await scene.work()
    assert len(sink.mails) == 10
