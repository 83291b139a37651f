import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.quotes import Parts, split


@pytest.mark.parametrize(
    "attribution",
    [
        "On Tue, 3 Nov 2026 at 10:07, Bob <bob@x.example> wrote:",
        "On Tue, Nov 3, 2026 at 10:07 AM Bob\n<bob@x.example> wrote:",
        "Am 03.11.2026 um 10:07 schrieb Bob:",
        "Le mar. 3 nov. 2026 à 10:07, Bob <bob@x.example> a écrit :",
        "El mar, 3 nov 2026 a las 10:07, Bob (<bob@x.example>) escribió:",
        "Il giorno mar 3 nov 2026 alle ore 10:07 Bob ha scritto:",
        "Em ter., 3 de nov. de 2026 às 10:07, Bob escreveu:",
        "Op di 3 nov 2026 om 10:07 schreef Bob <bob@x.example>:",
        "Den tis 3 nov. 2026 kl 10:07 skrev Bob <bob@x.example>:",
        "W dniu 3.11.2026 o 10:07, Bob napisał(a):",
        "3 ноября 2026 \u0433., 10:07, Bob написал:",
        "2026-11-03 10:07 GMT+01:00 Bob <bob@x.example>:",
        "---- Bob wrote ----",
        "-----Original Message-----\nFrom: Bob\nTo: Ann",
        "-----Ursprüngliche Nachricht-----\nVon: Bob",
        "From: Bob <bob@x.example>\nSent: Tuesday, November 3, 2026 10:07 AM\nTo: Ann\nSubject: lunch",
        "________________________________\nVon: Bob\nGesendet: Dienstag, 3. November 2026\nAn: Ann\nBetreff: Essen",
        "De : Bob\nEnvoyé : mardi 3 novembre 2026\nÀ : Ann\nObjet : midi",
        "*From:* Bob\n*Sent:* Tuesday\n*To:* Ann",
    ],
)
def test_history_is_known_by_how_mail_programs_introduce_it(attribution: str) -> None:
    own, quoted, signature = split(f"Yes.\n\n{attribution}\n\nCan you come?\n")
    assert (own, signature) == ("Yes.", "")
    assert quoted.startswith(attribution)
    assert "Can you come?" in quoted


def test_answers_between_quoted_lines_are_the_authors() -> None:
    text = "On Mon, Bob wrote:\n> one?\nyes\n> two?\n\nno\n> and\nmaybe\n> three"
    assert split(text) == Parts("yes\n\nno\nmaybe", "On Mon, Bob wrote:\n> one?\n> two?\n> and\n> three", "")


def test_the_overflow_of_a_quoted_line_is_quoted() -> None:
    long = "> Could you tell us by the end of this week whether the second delivery"
    text = f"On Mon, Bob wrote:\n{long}\narrived\n> in one piece?\nIt did."
    assert split(text) == Parts("It did.", f"On Mon, Bob wrote:\n{long}\narrived\n> in one piece?", "")
    question = "> Could you tell us by the end of this week whether all of it arrived?"
    assert split(f"On Mon, Bob wrote:\n{question}\nYes.\n> Thanks.").own == "Yes."


def test_history_that_begins_in_the_middle_of_a_line_is_cut_there() -> None:
    assert split("sure--- On Mon, Nov 2, Bob wrote:\n> hi") == Parts("sure", "--- On Mon, Nov 2, Bob wrote:\n> hi", "")


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("hi\n\n-- \nAnn\nX Inc", "-- \nAnn\nX Inc"),
        ("hi\n--\nAnn", "--\nAnn"),
        ("hi\n\nSent from my iPhone", "Sent from my iPhone"),
        ("hi\n\nVon meinem iPhone gesendet.\n", "Von meinem iPhone gesendet."),
        ("hi\n-- \nAnn\n\nOn Mon, Bob wrote:\n> x", "-- \nAnn"),
    ],
)
def test_a_signature_is_set_apart(text: str, signature: str) -> None:
    own, _, found = split(text)
    assert (own, found) == ("hi", signature)


@pytest.mark.parametrize(
    "text",
    [
        "Hello\nOn we go: it was I who wrote this letter",
        "Sent from my desk, is much easier than my phone.",
        "FYI\n\n---------- Forwarded message ----------\nFrom: Bob\nDate: Tue\nSubject: x\n\nText",
        "From: the top\nmy dear",
        "a -- b\nc",
        "1. one\n2. two:\nthree",
        "> only a quotation\n> of two lines",
        "",
    ],
)
def test_what_is_no_history_stays(text: str) -> None:
    assert split(text) == Parts(text, "", "")


@given(st.lists(st.sampled_from(["> a", "b", "", "On Mon, 2 Nov, Bob wrote:", "-- ", "From: x", "To: y", "---"])))
def test_every_line_ends_up_in_one_of_the_three(lines: list[str]) -> None:
    parts = split("\n".join(lines))
    kept = sorted(line for part in parts for line in part.split("\n") if line.strip())
    assert kept == sorted(line for line in lines if line.strip())


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "piece", ["On On ", "On \n", "> \n", "On x wrote\n", "---", "-- \n", "From: x\n", "1/1/1 <", "a:\n", " \n", "_\n"]
)
def test_endless_beginnings_take_linear_time(piece: str) -> None:
    split(piece * (300_000 // len(piece)))
    split("\n".join([piece.strip()] * (200_000 // len(piece))))


def test_dashes_and_digits_without_end_take_linear_time() -> None:
    lines = ("-" * 64 + "\n" + "Date: Tue, 10 May 2005 15:27:03 -0500 schrieb\n" * 5) * 20
    started = time.process_time()
    split(lines)
    assert time.process_time() - started < 1
