"""What counts as progress, and whose turn it is."""

from arrive.playbook import Stage


def test_each_answered_command_is_progress() -> None:
    stage = Stage()
    before = stage.session.progress_count
    stage.say("NOOP", "NOOP")
    assert stage.session.progress_count == before + 2


def test_half_a_command_is_no_progress() -> None:
    stage = Stage()
    before = stage.session.progress_count
    stage.feed(b"NOOP")
    stage.feed(b"x" * 5000)
    assert stage.session.progress_count == before


def test_all_chunks_of_a_message_are_one_thing() -> None:
    stage = Stage()
    stage.begin()
    stage.feed(b"BDAT 1\r\na")
    before = stage.session.progress_count
    for _ in range(10):
        stage.feed(b"BDAT 1\r\na")
    assert stage.session.is_receiving
    assert stage.session.progress_count == before


def test_two_messages_in_one_breath_are_two_things() -> None:
    stage = Stage()
    stage.begin()
    stage.feed(b"DATA\r\n")
    before = stage.session.progress_count
    stage.feed(b"bad\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<agent@ours.example>\r\nDATA\r\n")
    assert stage.session.is_receiving
    assert stage.session.progress_count > before


def test_it_is_the_houses_turn_only_behind_a_question() -> None:
    stage = Stage()
    assert not stage.session.is_waiting
    stage.say("EHLO c", "MAIL FROM:<>")
    stage.session.feed(b"RCPT TO:<agent@ours.example>\r\n")
    assert stage.session.is_waiting
    assert not stage.session.is_receiving
