"""What the house tells an account whose message finally failed."""

from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

from gatepost.arrive.paper import Arrived, Direction, Door
from gatepost.deliver.paper import State, Submission
from gatepost.ids import BlobId, EmailId, SubmissionId
from gatepost.mail.own_ids import OwnIds
from gatepost.reply.notice import Failed, notice_id, write_notice
from outbound import ACCOUNT, AGENT, BOSS, KEPT, NOW, TENANT

SUBMISSION = Submission(
    id=SubmissionId("su_one"),
    email=EmailId("em_one"),
    answers=KEPT.id,
    account=ACCOUNT,
    blob=BlobId("cd" * 32),
    author_domain="gatepost.test",
    mail_from=AGENT,
    rcpt_to=BOSS,
    state=State.FAILED,
    attempts=1,
    submitted_at=NOW,
    due_at=NOW,
)
FAILED = Failed(
    tenant=TENANT,
    submission=SUBMISSION,
    address=AGENT,
    original=b"From: agent@gatepost.test\r\nMessage-ID: <em_one.tag@gatepost.test>\r\nSubject: Re: The meeting",
    status="5.1.1",
    reply_code=550,
)
OWN_IDS = OwnIds(bytes(32))


def written(failed: Failed = FAILED) -> tuple[Arrived, Any]:
    arrived = write_notice(failed, at=NOW, own_ids=OWN_IDS, hostname="mail.gatepost.test")
    assert isinstance(arrived.raw, bytes)
    return arrived, message_from_bytes(arrived.raw, policy=policy.default)


def test_it_arrives_from_the_house_under_the_null_reverse_path() -> None:
    arrived, message = written()
    assert (arrived.direction, arrived.door, arrived.is_unruled) == (Direction.INBOUND, Door.HOUSE, True)
    assert (arrived.envelope.mail_from, arrived.envelope.rcpt_to) == (None, (AGENT,))
    assert (message["From"], message["To"]) == ("mailer-daemon@mail.gatepost.test", "agent@gatepost.test")
    assert message["Auto-Submitted"] == "auto-replied"
    assert OWN_IDS.is_own(message["Message-ID"].strip("<>"))


def test_it_belongs_to_the_thread_of_what_failed() -> None:
    _, message = written()
    assert message["In-Reply-To"] == message["References"] == "<em_one.tag@gatepost.test>"


def test_it_says_who_did_not_get_it_and_why_for_machines_and_names_nobody_else() -> None:
    arrived, message = written()
    words, status, header = message.iter_parts()
    assert list(status.iter_parts())[1]["Diagnostic-Code"] == "smtp; 550 5.1.1"
    assert "550" in words.get_content()
    assert str(BOSS) not in words.get_content()
    assert str(BOSS) not in str(message["Subject"])
    assert b"Re: The meeting" in header.get_payload(decode=True)
    assert arrived.about == BOSS.key


def test_without_a_header_it_answers_nothing() -> None:
    _, message = written(replace(FAILED, original=b"", reply_code=0, status="4.4.1"))
    assert "In-Reply-To" not in message
    assert len(list(message.iter_parts())) == 2
    assert "4.4.1" in next(message.iter_parts()).get_content()


def test_told_twice_it_is_the_same_notice() -> None:
    assert notice_id(SUBMISSION) == notice_id(SUBMISSION) == written()[0].email
    assert notice_id(replace(SUBMISSION, id=SubmissionId("su_two"))) != notice_id(SUBMISSION)
