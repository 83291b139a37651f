"""Conversations with a stranger, line by line, and the laws that hold for every one of them."""

import time
import tracemalloc
from collections import deque

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arrive.playbook import AGENT, HOST, POSTMASTER, Stage, lead, play
from gatepost.arrive import reply as replies
from gatepost.arrive.dialogue import TURN_STEPS
from gatepost.arrive.events import AskRecipient, Refused, Send
from gatepost.arrive.limits import Limits
from gatepost.arrive.reply import Reply
from gatepost.arrive.session import Session
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

GREETED = """
S: 220 gate.ours.example ESMTP
C: EHLO client.example
S: 250-gate.ours.example
S: 250-SIZE 26214400
S: 250-PIPELINING
S: 250-8BITMIME
S: 250-SMTPUTF8
S: 250-CHUNKING
S: 250-ENHANCEDSTATUSCODES
S: 250-LIMITS RCPTMAX=100 MAILMAX=10000
S: 250-HELP
S: 250 STARTTLS
"""


def test_one_message_from_greeting_to_goodbye() -> None:
    stage = play(
        GREETED
        + """
        C: MAIL FROM:<a@client.example> SIZE=40 BODY=8BITMIME
        S: 250 2.1.0
        C: RCPT TO:<agent@ours.example>
        S: 250 2.1.5
        C: DATA
        S: 354
        C: Subject: hello
        C:
        C: ..a dot
        C: .
        S: 250 2.6.0 Accepted as em_test
        C: QUIT
        S: 221 2.0.0
        """
    )
    envelope = Envelope(Address("a", "client.example"), (Address("agent", "ours.example"),))
    assert stage.messages == [(envelope, b"Subject: hello\r\n\r\n.a dot\r\n")]
    assert stage.asked[0].destination == AGENT
    assert stage.asked[0].helo == "client.example"
    assert stage.is_closed


def test_a_whole_pipeline_is_answered_in_order() -> None:
    stage = Stage()
    heard = stage.say(
        "EHLO client.example",
        "MAIL FROM:<a@client.example>",
        "RCPT TO:<agent@ours.example>",
        "RCPT TO:<nobody@ours.example>",
        "RCPT TO:<alias@ours.example>",
        "DATA",
    )
    assert [line[:9] for line in heard[-5:]] == ["250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "354 End d"]
    stage.say("x", ".", "MAIL FROM:<>", "RCPT TO:<other@ours.example>", "DATA")
    assert stage.say("y", ".", "QUIT")[-1].startswith("221")
    assert [raw for _, raw in stage.messages] == [b"x\r\n", b"y\r\n"]
    assert [len(envelope.rcpt_to) for envelope, _ in stage.messages] == [2, 1]


@pytest.mark.parametrize(("shortage", "goes_on"), [(replies.NO_ROOM, True), (replies.OVERLOADED, False)])
def test_a_house_that_is_short_of_something_says_so_before_the_message(shortage: Reply, *, goes_on: bool) -> None:
    asked: list[int] = []

    def short_of(size_octets: int) -> Reply | None:
        asked.append(size_octets)
        return shortage if len(asked) == 1 else None

    session = Session(hostname=HOST, limits=Limits(), offers_tls=False, short_of=short_of)
    session.greet()
    session.feed(b"EHLO client.example\r\n")
    events = session.feed(b"MAIL FROM:<a@client.example> SIZE=40\r\nMAIL FROM:<a@client.example>\r\n")
    heard = b"".join(event.octets for event in events if isinstance(event, Send)).decode().splitlines()
    assert heard == [shortage.encode().decode().strip(), *(["250 2.1.0 Sender OK"] if goes_on else [])]
    assert session.is_closed is not goes_on
    assert asked == ([40, 0] if goes_on else [40])
    assert not any(isinstance(event, Refused) for event in events), "counting would write where nothing can be written"


def test_a_recipient_named_twice_gets_one_copy() -> None:
    stage = Stage()
    stage.begin()
    assert stage.say("RCPT TO:<AGENT@ours.example>")[0].startswith("250 2.1.5")
    stage.say("DATA", "x", ".")
    assert stage.messages[0][0].rcpt_to == (Address("agent", "ours.example"),)


def test_what_waits_behind_an_open_question_is_read_after_the_answer() -> None:
    stage = Stage()
    stage.say("EHLO client.example", "MAIL FROM:<>")
    events = stage.session.feed(b"RCPT TO:<agent@ours.example>\r\nNOOP\r\nRSET\r\n")
    assert stage.session.is_waiting
    assert len(events) == 1
    del stage.heard[:]
    stage.perform(stage.session.recipient_answered(AGENT))
    assert [line[:9] for line in stage.lines()] == ["250 2.1.5", "250 2.0.0", "250 2.0.0"]


def test_a_full_buffer_behind_an_open_question_asks_for_no_more() -> None:
    stage = Stage()
    stage.say("EHLO client.example", "MAIL FROM:<>")
    stage.session.feed(b"RCPT TO:<agent@ours.example>\r\n")
    assert not stage.session.is_full
    stage.session.feed(b"NOOP\r\n" * 20_000)
    assert stage.session.is_full


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("MAIL FROM:<a@b.example>", "503 5.5.1"),
        ("RCPT TO:<agent@ours.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("RSET", "250 2.0.0"),
        ("RSET now", "501 5.5.4"),
        ("NOOP whatever", "250 2.0.0"),
        ("VRFY agent", "252 2.1.5"),
        ("EXPN staff", "502 5.5.1"),
        ("AUTH PLAIN AHgAeA==", "502 5.5.1"),
        ("TURN", "502 5.5.1"),
        ("HELP", "214 2.0.0"),
        ("EHLO", "501 5.5.4"),
        ("EHLO two words", "501 5.5.4"),
        ("HELO", "501 5.5.4"),
        ("STARTTLS now", "501 5.5.4"),
        ("MAILFROM:<>", "500 5.5.1"),
        ("", "500 5.5.1"),
        ("Ünicode", "500 5.5.1"),
    ],
)
def test_before_hello(line: str, reply: str) -> None:
    assert Stage().say(line)[0].startswith(reply)


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("MAIL FROM:<a@b.example>", "250 2.1.0"),
        ("mail from:<>", "250 2.1.0"),
        ("MAIL FROM: <a@b.example>", "250 2.1.0"),
        ("MAIL FROM:<@relay.example,@other.example:a@b.example>", "250 2.1.0"),
        ('MAIL FROM:<"a b>c"@b.example> SIZE=10', "250 2.1.0"),
        ("MAIL FROM:<a@b.example> SIZE=26214400", "250 2.1.0"),
        ("MAIL FROM:<a@b.example> SIZE=26214401", "552 5.3.4"),
        ("MAIL FROM:<a@b.example> SIZE=99999999999999999999", "552 5.3.4"),
        ("MAIL FROM:<a@b.example> SIZE=-1", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> SIZE=", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> SIZE", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> SIZE=1 SIZE=1", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> size=1 Size=1", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=7bit SMTPUTF8", "250 2.1.0"),
        ("MAIL FROM:<a@b.example> SMTPUTF8=yes", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> RET=FULL", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> AUTH=<>", "555 5.5.4"),
        ("MAIL FROM:<a@b.example>SIZE=1", "501 5.1.7"),
        ("MAIL FROM:a@b.example", "501 5.1.7"),
        ("MAIL FROM:<a b@b.example>", "501 5.1.7"),
        ("MAIL FROM:<a@b..example>", "501 5.1.7"),
        ("MAIL FROM:<postmaster>", "501 5.1.7"),
        ("MAIL FROM:<a@b.example", "501 5.1.7"),
        ("MAIL TO:<a@b.example>", "501 5.5.4"),
        ("MAIL", "501 5.5.4"),
        ("MAIL FROM:<оля@пример.example> SMTPUTF8", "250 2.1.0"),
        ("MAIL FROM:<оля@пример.example>", "553 5.6.7"),
        ("MAIL FROM:<a@пример.example>", "553 5.6.7"),
    ],
)
def test_mail(line: str, reply: str) -> None:
    stage = Stage()
    stage.say("EHLO client.example")
    heard = stage.say(line)
    assert heard[0].startswith(reply), heard


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("RCPT TO:<agent@ours.example>", "250 2.1.5"),
        ("rcpt to:<Agent@OURS.example>", "250 2.1.5"),
        ("RCPT TO:<@relay.example:agent@ours.example>", "250 2.1.5"),
        ("RCPT TO:<postmaster>", "250 2.1.5"),
        ("RCPT TO:<PostMaster>", "250 2.1.5"),
        ("RCPT TO:<nobody@ours.example>", "550 5.1.1"),
        ("RCPT TO:<user%elsewhere.example@ours.example>", "550 5.1.1"),
        ("RCPT TO:<elsewhere.example!user@ours.example>", "550 5.1.1"),
        ('RCPT TO:<"user@elsewhere.example"@ours.example>', "550 5.1.1"),
        ("RCPT TO:<someone@elsewhere.example>", "550 5.7.1"),
        ("RCPT TO:<agent@ours.example@elsewhere.example>", "501 5.1.3"),
        ("RCPT TO:<@ours.example:someone@elsewhere.example>", "550 5.7.1"),
        ("RCPT TO:<someone@[127.0.0.1]>", "550 5.7.1"),
        ("RCPT TO:<>", "501 5.1.3"),
        ("RCPT TO:<agent>", "501 5.1.3"),
        ("RCPT TO:<agent@ours.example> NOTIFY=NEVER", "555 5.5.4"),
        ("RCPT TO:<оля@ours.example>", "553 5.6.7"),
        ("RCPT FROM:<agent@ours.example>", "501 5.5.4"),
        ("MAIL FROM:<b@client.example>", "503 5.5.1"),
        ("DATA", "554 5.5.1"),
    ],
)
def test_rcpt(line: str, reply: str) -> None:
    stage = Stage()
    stage.say("EHLO client.example", "MAIL FROM:<a@client.example>")
    heard = stage.say(line)
    assert heard[0].startswith(reply), heard


def test_helo_takes_no_parameters() -> None:
    play(
        """
        S: 220
        C: HELO client.example
        S: 250 gate.ours.example
        C: MAIL FROM:<a@b.example> SIZE=1
        S: 555 5.5.4
        C: MAIL FROM:<a@b.example>
        S: 250 2.1.0
        """
    )


def test_a_recipient_whose_policy_could_differ_comes_in_another_transaction() -> None:
    stage = Stage()
    stage.begin()
    assert stage.say("RCPT TO:<other@ours.example>")[0].startswith("452 4.5.3")
    assert stage.say("RCPT TO:<postmaster>")[0].startswith("452 4.5.3")
    assert stage.refusals == ["recipient.other_policy"] * 2
    stage.say("DATA", "x", ".")
    assert stage.messages[0][0].rcpt_to == (Address("agent", "ours.example"),)


def test_mail_for_the_bare_postmaster_is_for_the_hosts_postmaster() -> None:
    stage = Stage()
    stage.begin(recipient="postmaster")
    stage.say("DATA", "x", ".")
    assert stage.messages[0][0].rcpt_to == (Address("postmaster", HOST),)
    assert stage.asked[0].destination == POSTMASTER


def test_one_recipient_too_many_is_asked_to_wait() -> None:
    stage = Stage(limits=Limits(recipients_max=1))
    stage.begin()
    assert stage.say("RCPT TO:<alias@ours.example>")[0].startswith("452 4.5.3")
    assert stage.refusals == ["recipient.too_many"]


def test_rset_and_hello_forget_the_transaction() -> None:
    for forget in ("RSET", "EHLO client.example", "HELO client.example"):
        stage = Stage()
        stage.begin()
        stage.say(forget)
        assert stage.say("DATA")[0].startswith("503")


# Line ends.


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"x\n.\n\r\n.\r\n", "line.bare_lf"),
        (b"x\n.\r\n\r\n.\r\n", "line.bare_lf"),
        (b"x\r.\r\n\r\n.\r\n", "line.bare_cr"),
        (b"x\r\n.\ry\r\n.\r\n", "line.bare_cr"),
        (b"x\r\n.\ny\r\n.\r\n", "line.bare_lf"),
        (b"x\r\r\n.\r\n", "line.bare_cr"),
        (b"\n\r\n.\r\n", "line.bare_lf"),
        (b"\r\r\n.\r\n", "line.bare_cr"),
        (b"x\r\n\0.\r\n.\r\n", "line.nul"),
        (b"x\n\r\0\r\n.\r\n", "line.bare_lf"),
        (b"x" * 65_535 + b"\r\n.\r\n", "line.too_long"),
    ],
)
def test_data_that_is_not_crlf_lines_is_refused_once(body: bytes, reason: str) -> None:
    stage = Stage()
    stage.begin()
    stage.say("DATA")
    heard = stage.say_octets(body + b"NOOP\r\n")
    assert [line[:9] for line in heard] == ["554 5.6.0", "250 2.0.0"]
    assert stage.refusals == [reason]
    assert stage.messages == []


@pytest.mark.parametrize("line", [b"NOOP\nNOOP\r\n", b"NOOP\rNOOP\r\n", b"\0NOOP\r\n", b"\nNOOP\r\n", b"NOOP\r\r\n"])
def test_a_bare_line_end_does_not_end_a_command(line: bytes) -> None:
    assert [heard[:9] for heard in Stage().say_octets(line)[1:] or Stage().say_octets(line)] == ["500 5.5.2"]


def test_data_may_be_empty() -> None:
    stage = Stage()
    stage.begin()
    assert stage.say("DATA", ".")[-1].startswith("250 2.6.0")
    assert stage.messages[0][1] == b""


def test_a_text_line_as_long_as_allowed_is_kept_as_it_is() -> None:
    stage = Stage()
    stage.begin()
    stage.say("DATA", "x" * 65_534, ".")
    assert len(stage.messages[0][1]) == 65_536


def test_a_command_line_that_is_too_long_costs_one_error_and_no_memory() -> None:
    stage = Stage()
    for _ in range(100):
        stage.feed(b"a" * 1000)
    assert len(stage.session._wire) == 0
    assert stage.say_octets(b"\r\nNOOP\r\n") == ["500 5.5.2 Command line too long", "250 2.0.0 OK"]


def test_a_command_line_without_end_ends_the_conversation() -> None:
    stage = Stage()
    for _ in range(2000):
        stage.feed(b"a" * 1000)
    assert stage.is_closed


# Size.


def test_too_big_is_told_after_the_data() -> None:
    stage = Stage(limits=Limits(size_max_octets=100))
    stage.begin()
    stage.say("DATA")
    assert stage.say("x" * 120) == []
    assert stage.say(".") == ["552 5.3.4 Message too big"]
    assert stage.refusals == ["size.exceeded"]
    assert stage.content == b""


def test_a_message_exactly_as_big_as_allowed_passes() -> None:
    stage = Stage(limits=Limits(size_max_octets=100))
    stage.begin()
    assert stage.say("DATA", "." + "x" * 97, ".")[-1].startswith("250")
    stage.begin()
    assert stage.say("DATA", "x" * 99, ".")[-1].startswith("552")


def test_a_message_without_end_ends_the_conversation() -> None:
    stage = Stage(limits=Limits(size_max_octets=100))
    stage.begin()
    assert stage.say("DATA", "x" * 300)[-1].startswith("552 5.3.4")
    assert stage.is_closed


# BDAT.


def bdat(octets: bytes, *, last: bool = False) -> bytes:
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


def test_chunks_make_one_message_and_dots_are_only_dots() -> None:
    stage = Stage()
    stage.begin()
    heard = stage.say_octets(bdat(b"a\r\n.\r\nMAIL FR") + bdat(b"OM:<>\r") + bdat(b"\n", last=True))
    assert [line[:9] for line in heard] == ["250 2.0.0", "250 2.0.0", "250 2.6.0"]
    assert stage.messages[0][1] == b"a\r\n.\r\nMAIL FROM:<>\r\n"


def test_an_empty_last_chunk_ends_the_message() -> None:
    stage = Stage()
    stage.begin()
    stage.say_octets(bdat(b"a\r\n") + bdat(b"", last=True))
    assert stage.messages[0][1] == b"a\r\n"


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        (bdat(b"a\n", last=True), "line.bare_lf"),
        (bdat(b"a\r", last=True), "line.bare_cr"),
        (bdat(b"a\0", last=True), "line.nul"),
        (bdat(b"a" * 70_000, last=True), "line.too_long"),
        (bdat(b"a\n.\rMAIL", last=True), "line.bare_lf"),
    ],
)
def test_a_chunk_that_is_not_crlf_lines_is_refused(chunks: bytes, reason: str) -> None:
    stage = Stage()
    stage.begin()
    assert [line[:4] for line in stage.say_octets(chunks)] == ["554 "]
    assert stage.refusals == [reason]
    assert stage.messages == []


def test_a_flawed_chunk_fails_at_once_and_so_do_those_pipelined_behind_it() -> None:
    stage = Stage()
    stage.begin()
    heard = stage.say_octets(bdat(b"a\rb") + bdat(b"NOOP\r\n") + bdat(b"c", last=True) + b"NOOP\r\n")
    assert [line[:9] for line in heard] == ["554 5.6.0", "503 5.5.1", "503 5.5.1", "250 2.0.0"]


def test_data_after_bdat_is_out_of_sequence() -> None:
    stage = Stage()
    stage.begin()
    stage.say_octets(bdat(b"a"))
    assert stage.say("DATA")[0].startswith("503")
    assert stage.say("RCPT TO:<alias@ours.example>")[0].startswith("503")
    assert stage.say_octets(bdat(b"\r\n", last=True))[0].startswith("250 2.6.0")


def test_a_chunk_without_recipients_is_swallowed() -> None:
    stage = Stage()
    stage.say("EHLO client.example", "MAIL FROM:<>")
    assert stage.say_octets(bdat(b"NOOP\r\n", last=True)) == ["554 5.5.1 No valid recipients"]


def test_chunks_are_counted_together_against_the_size_limit() -> None:
    stage = Stage(limits=Limits(size_max_octets=100))
    stage.begin()
    heard = stage.say_octets(bdat(b"a" * 60) + bdat(b"b" * 60, last=True) + b"NOOP\r\n")
    assert [line[:9] for line in heard] == ["250 2.0.0", "552 5.3.4", "250 2.0.0"]
    assert stage.content == b""


def test_a_chunk_whose_length_nobody_knows_ends_the_conversation() -> None:
    stage = Stage()
    stage.begin()
    assert stage.say("BDAT many", "MAIL FROM:<>") == ["501 5.5.4 Syntax error in parameters"]
    assert stage.is_closed


def test_an_enormous_chunk_ends_the_conversation() -> None:
    stage = Stage()
    stage.begin()
    assert stage.say("BDAT 99999999999999999999")[0].startswith("552")
    assert stage.is_closed


# STARTTLS.


def test_what_came_before_the_handshake_is_forgotten() -> None:
    stage = Stage()
    stage.begin()
    assert stage.say("STARTTLS", "NOOP", "QUIT") == ["220 2.0.0 Ready to start TLS"]
    assert stage.is_shaking_hands
    assert stage.say("NOOP") == []
    stage.perform(stage.session.tls_started())
    assert stage.say("RCPT TO:<agent@ours.example>")[0].startswith("503")
    assert stage.say("MAIL FROM:<>")[0].startswith("503")
    assert "STARTTLS" not in " ".join(stage.say("EHLO client.example"))
    assert stage.say("STARTTLS")[0].startswith("502")


def test_starttls_is_not_offered_without_a_certificate() -> None:
    stage = Stage(offers_tls=False)
    assert stage.say("EHLO client.example")[-1] == "250 HELP"
    assert stage.say("STARTTLS")[0].startswith("502 5.5.1")


# Patience.


def test_too_many_errors_end_the_conversation() -> None:
    stage = Stage()
    heard = stage.say(*["nonsense"] * 30)
    assert len(heard) == 1 + 20 + 1 - 1
    assert heard[-1] == "421 4.7.0 Too many errors"
    assert stage.is_closed
    assert stage.refusals == ["limit.errors"]


def test_an_accepted_message_renews_the_patience() -> None:
    stage = Stage(limits=Limits(errors_max=3))
    for _ in range(5):
        stage.say("nonsense", "nonsense")
        stage.begin()
        stage.say("DATA", "x", ".")
    assert not stage.is_closed


def test_a_message_refused_by_policy_is_no_error_of_the_client() -> None:
    stage = Stage(limits=Limits(errors_max=2), answer=Reply(550, "5.7.1", "Not accepted"))
    for _ in range(5):
        stage.begin()
        assert stage.say("DATA", "x", ".")[-1] == "550 5.7.1 Not accepted"
    assert not stage.is_closed


def test_chatter_without_mail_ends_the_conversation() -> None:
    stage = Stage()
    assert stage.say(*["NOOP"] * 200)[-1] == "421 4.7.0 Too many errors"
    assert stage.is_closed


def test_one_transaction_too_many_ends_the_conversation() -> None:
    stage = Stage(limits=Limits(transactions_max=1))
    stage.begin()
    stage.say("DATA", "x", ".")
    assert stage.say("MAIL FROM:<>")[0].startswith("421 4.7.0")
    assert stage.refusals == ["limit.transactions"]


def test_a_browser_is_shown_the_door() -> None:
    stage = Stage()
    assert stage.say("POST / HTTP/1.1", "Host: x", "", "MAIL FROM:<>")[-1].startswith("421 4.7.0")
    assert stage.is_closed


def test_a_slow_client_is_told_so() -> None:
    stage = Stage()
    stage.begin()
    stage.say("DATA", "x")
    del stage.heard[:]
    stage.perform(stage.session.timed_out())
    assert stage.lines() == ["421 4.4.2 Timed out"]
    assert stage.refusals == ["limit.time"]
    stage.perform(stage.session.timed_out())
    assert len(stage.lines()) == 1


# Shutting down.


def test_shutting_down_ends_an_idle_conversation_at_once() -> None:
    stage = Stage()
    del stage.heard[:]
    stage.perform(stage.session.shut_down())
    assert stage.lines() == ["421 4.3.2 Shutting down, try again later"]
    assert stage.is_closed


@pytest.mark.parametrize(
    ("start", "end"),
    [(b"DATA\r\n", b"x\r\n.\r\n"), (b"DATA\r\n", b"x\n\r\n.\r\n"), (b"BDAT 1\r\na", b"BDAT 0 LAST\r\n")],
)
def test_shutting_down_lets_a_message_be_finished(start: bytes, end: bytes) -> None:
    stage = Stage()
    stage.begin()
    stage.feed(start)
    stage.perform(stage.session.shut_down())
    assert not stage.is_closed
    heard = stage.say_octets(end)
    assert heard[0][0] in "25"
    assert heard[1].startswith("421 4.3.2")
    assert stage.is_closed


def test_nothing_is_said_to_a_client_that_is_gone() -> None:
    stage = Stage()
    stage.begin()
    stage.session.feed(b"DATA\r\nx\r\n.\r\nNOOP\r\n")
    stage.session.lost()
    assert stage.session.message_answered(stage.answer) == []
    assert stage.session.feed(b"NOOP\r\n") == []


# Laws.

FRAGMENTS = st.sampled_from(
    [
        b"EHLO c.example\r\n",
        b"HELO c.example\r\n",
        b"MAIL FROM:<a@b.example>\r\n",
        b"MAIL FROM:<a@b.example> SIZE=12\r\n",
        b"RCPT TO:<agent@ours.example>\r\n",
        b"RCPT TO:<other@ours.example>\r\n",
        b"RCPT TO:<no@ours.example>\r\n",
        b"DATA\r\n",
        b"x\r\n.\r\n",
        b"..\r\n",
        b"\r\n.\r\n",
        b"\r\n.\n",
        b"\n.\r\n",
        b"\r",
        b"\n",
        b".",
        b"\0",
        b"BDAT 3\r\na\r\n",
        b"BDAT 2\r\na\r",
        b"BDAT 1 LAST\r\n\n",
        b"BDAT 0 LAST\r\n",
        b"BDAT x\r\n",
        b"NOOP\r\n",
        b"RSET\r\n",
        b"y" * 60,
        b"z" * 300,
    ]
)
SMALL = Limits(size_max_octets=400, command_line_max_octets=80, text_line_max_octets=200, errors_max=8)


def outcome(pieces: list[bytes]) -> tuple[bytes, list[tuple[Envelope, bytes]], list[str], bool]:
    stage = Stage(limits=SMALL)
    for piece in pieces:
        stage.feed(piece)
    return bytes(stage.heard), stage.messages, stage.refusals, stage.is_closed


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fragments=st.lists(FRAGMENTS, max_size=20), data=st.data(), begun=st.booleans())
def test_however_the_octets_are_cut_the_conversation_is_the_same(
    *, fragments: list[bytes], data: st.DataObject, begun: bool
) -> None:
    prefix = b"EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<agent@ours.example>\r\nDATA\r\n" if begun else b""
    octets = prefix + b"".join(fragments)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=12)))
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    whole = outcome([octets])
    assert outcome(pieces) == whole
    assert outcome([octets[at : at + 1] for at in range(len(octets))]) == whole


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=10))
def test_no_octets_raise(pieces: list[bytes]) -> None:
    heard, *_ = outcome([*pieces, b"\r\n"])
    assert all(line[:3].isdigit() for line in heard.decode("ascii").split("\r\n")[:-1])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=80), max_size=8))
def test_what_a_client_dot_stuffs_arrives_as_written(lines: list[str]) -> None:
    raw = "".join(f"{line}\r\n" for line in lines).encode()
    stage = Stage()
    stage.begin()
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in raw.split(b"\r\n"))
    stage.feed(b"DATA\r\n" + stuffed + b".\r\n")
    assert stage.messages[0][1] == raw


@pytest.mark.parametrize(
    "octets",
    [
        b"\r" * 400_000,
        b"\r\n." * 150_000,
        b"." * 400_000,
        b"\r\n.\r" * 100_000,
        b"<" * 400_000,
        b'MAIL FROM:<"' + b'\\"' * 1000 + b"\r\n",
    ],
)
def test_time_is_linear_even_octet_by_octet(octets: bytes) -> None:
    for prefix in (b"", b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<agent@ours.example>\r\nDATA\r\n"):
        stage = Stage()
        stage.feed(prefix)
        started = time.process_time()
        for at in range(0, len(octets), 7):
            stage.feed(octets[at : at + 7])
        assert time.process_time() - started < 3


def test_many_small_messages_in_one_read_take_linear_time() -> None:
    stage = Stage(limits=Limits(transactions_max=100_000))
    stage.say("EHLO client.example")
    one = b"MAIL FROM:<>\r\nRCPT TO:<agent@ours.example>\r\nDATA\r\n.\r\n"
    started = time.process_time()
    stage.feed(one * 5000)
    assert time.process_time() - started < 3
    assert len(stage.messages) == 5000


def test_a_session_keeps_nothing_of_what_it_has_passed_on() -> None:
    stage = Stage()
    stage.begin()
    stage.feed(b"DATA\r\n")
    tracemalloc.start()
    try:
        stage.session.feed(b"x" * 60 + b"\r\n" + b"y" * 60_000)
        assert tracemalloc.get_traced_memory()[0] < 5_000
    finally:
        tracemalloc.stop()


def test_tiny_chunks_without_end_are_not_taken() -> None:
    stage = Stage()
    stage.begin()
    heard = stage.say_octets(b"BDAT 2\r\n\r\n" * 20_000)
    assert heard[-1].startswith("421 4.7.0")
    assert len(heard) == stage.limits.small_chunks_max + 1
    assert stage.refusals == ["limit.errors"]
    assert stage.is_closed


def test_chunks_of_a_fair_size_are_not_counted_and_an_accepted_message_forgives_tiny_ones() -> None:
    stage = Stage(limits=Limits(small_chunks_max=3))
    for _ in range(3):
        stage.begin()
        for chunk in (b"x" * 1022 + b"\r\n", b"\r\n"):
            for _ in range(3):
                assert stage.say_octets(b"BDAT %d\r\n%s" % (len(chunk), chunk))[-1].startswith("250")
        assert stage.say("BDAT 0 LAST")[-1].startswith("250 2.6.0")


def test_recipients_without_end_in_one_transaction_are_not_taken() -> None:
    stage = Stage()
    stage.begin()
    heard = stage.say_octets(b"RCPT TO:<agent@ours.example>\r\n" * 20_000)
    assert heard[-1].startswith("421 4.7.0")
    assert len(heard) == 10 * stage.limits.recipients_max
    assert stage.is_closed


@pytest.mark.parametrize(
    ("line", "most"),
    [("NOOP", 100), ("RSET", 100), ("VRFY x", 100), ("AUTH PLAIN AGE=", 20), ("MAIL FROM:<a@b.example>", 20)],
)
def test_what_brings_no_message_nearer_ends_however_it_is_sent(line: str, most: int) -> None:
    stage = Stage()
    stage.begin()
    heard = stage.say_octets(f"{line}\r\n".encode() * 20_000)
    assert heard[-1].startswith("421 4.7.0")
    assert len(heard) <= most + 1


@pytest.mark.parametrize("octets", [b"BDAT 2\r\n\r\n", b"RCPT TO:<agent@ours.example>\r\n"])
def test_one_turn_reads_so_many_commands_and_the_next_goes_on(octets: bytes) -> None:
    stage = Stage(limits=Limits(recipients_max=1000))
    stage.begin()
    queue = deque(stage.session.feed(octets * 500))
    replies = 0
    while queue:
        match queue.popleft():
            case Send(said):
                replies += said.count(b"\r\n")
            case AskRecipient(address):
                queue.extend(stage.session.recipient_answered(lead(address)))
            case _:
                pass
    assert 0 < replies <= TURN_STEPS
    assert stage.session.has_more
    del stage.heard[:]
    while stage.session.has_more:
        stage.perform(stage.session.go_on())
    assert replies + len(stage.lines()) == 500
