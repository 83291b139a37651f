from pathlib import Path

import pytest

from cli.process import Process

pytestmark = pytest.mark.timeout(300)


def test_the_houses_answer_is_printed_and_decides_the_exit_code(house: Process) -> None:
    taken = house.run("send", "--from", "you@example.com", "--text", "Lunch on Friday?")
    assert (taken.returncode, taken.stdout[:10]) == (0, "250 2.0.0 ")
    refused = house.run("send", "--from", "boss@example.com")
    assert (refused.returncode, refused.stdout[:10]) == (1, "550 5.7.1 ")
    unknown = house.run("send", "--from", "you@example.com", "--to", "nobody@sandbox.test")
    assert (unknown.returncode, unknown.stdout[:10]) == (1, "550 5.1.1 ")


def test_a_sender_that_is_no_address_is_answered_like_any_other(house: Process) -> None:
    done = house.run("send", "--from", "no address")
    assert (done.returncode, done.stdout[:4]) == (1, "501 "), done.stderr


def test_an_address_outside_ascii_is_sent_as_it_is(house: Process) -> None:
    done = house.run("send", "--from", "jörg@example.com")
    assert (done.returncode, done.stdout[:10]) == (1, "550 5.7.1 "), done.stderr
    broken = house.run("send", "--from", "j\udcffrg@example.com")
    assert (broken.returncode, broken.stderr) == (1, "gatepost: an argument is not UTF-8\n")


@pytest.mark.parametrize("option", ["--from", "--to", "--subject"])
def test_a_field_of_two_lines_is_refused_in_a_sentence(house: Process, option: str) -> None:
    done = house.run("send", "--from", "you@example.com", option, "a\r\nBcc: boss@example.com")
    assert (done.returncode, done.stderr) == (1, "gatepost: --from, --to and --subject are one line each\n")


def test_without_a_house_there_is_advice(tmp_path: Path) -> None:
    done = Process(tmp_path).run("send", "--from", "you@example.com")
    assert done.returncode == 1
    assert done.stderr.startswith("gatepost: no house runs on ")
