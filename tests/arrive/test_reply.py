import re

import pytest

from gatepost.arrive import reply
from gatepost.arrive.reply import Reply

ALL = [value for value in vars(reply).values() if isinstance(value, Reply)]


def test_a_reply_is_one_line() -> None:
    assert Reply(250, "2.1.0", "Sender OK").encode() == b"250 2.1.0 Sender OK\r\n"


def test_each_line_of_a_long_reply_carries_the_code() -> None:
    assert reply.hello("gate.example", ("SIZE 10", "HELP")).encode() == (
        b"250-gate.example\r\n250-SIZE 10\r\n250 HELP\r\n"
    )


def test_an_accepted_message_is_named() -> None:
    assert Reply(250, "2.6.0", "Accepted as em_a").encode() == b"250 2.6.0 Accepted as em_a\r\n"


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        (199, "", "x"),
        (600, "", "x"),
        (250, "5.0.0", "x"),
        (250, "2.0.0", "x\r\n250 y"),
        (250, "2.0.0", "x\ry"),
        (250, "2.0.0", "ä"),
        (250, "2.0.0", "x" * 600),
    ],
)
def test_what_would_break_the_conversation_is_no_reply(code: int, enhanced: str, text: str) -> None:
    with pytest.raises(ValueError, match="repl"):
        Reply(code, enhanced, text)


@pytest.mark.parametrize("said", ALL, ids=[f"{said.code} {said.text}" for said in ALL])
def test_every_text_carries_an_enhanced_code_where_rfc_2034_wants_one(said: Reply) -> None:
    assert bool(said.enhanced) == (said.code != 354)
    assert said.is_positive == (said.code < 400)
    assert said.is_permanent == (said.code >= 500)


@pytest.mark.parametrize("said", ALL, ids=[f"{said.code} {said.text}" for said in ALL])
def test_no_text_reveals_what_runs_here(said: Reply) -> None:
    assert not re.search(r"gatepost|python|postgres|policy|tenant|spf|dkim", said.text, re.IGNORECASE)
