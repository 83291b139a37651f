"""How often the guards of outbound mail stop what is harmless: on every benign mail there is in the vectors."""

from pathlib import Path

import pytest

import vector_files
from gatepost.decide import leaks
from gatepost.decide.body import TooLongError
from gatepost.mail import fields
from gatepost.verify import content

MESSAGES = Path(__file__).parents[1] / "vectors" / "mime" / "messages"


def written() -> list[str]:
    mails = [*vector_files.lines("injection/benign.jsonl"), *vector_files.lines("injection/benign-unicode.jsonl")]
    quotes = vector_files.lines("replyquote/cases.jsonl")
    return [str(mail) for mail in (*mails, *quotes)]


def received() -> list[str]:
    found, unreadable = [], 0
    for path in sorted(each for each in MESSAGES.rglob("*") if each.is_file()):
        raw = path.read_bytes()
        try:
            found.append("\n".join(leaks.texts_of(content.read(raw, fields.split(raw)))))
        except TooLongError:
            unreadable += 1
    assert unreadable <= 1  # one has more spans than are kept
    return found


@pytest.mark.parametrize("texts", [written, received])
def test_benign_mail_raises_no_alarm(texts: object) -> None:
    assert callable(texts)
    mails = texts()
    assert len(mails) > 250
    for guard in (leaks.has_credential, leaks.has_card_number, leaks.has_iban):
        assert sum(map(guard, mails)) == 0, guard.__name__
