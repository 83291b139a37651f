from datetime import UTC, datetime

from gatepost.jobs import TryAgainError


def test_a_handler_that_cannot_finish_says_when_and_why() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    again = TryAgainError(at, "greylisted")
    assert (again.at, again.reason, str(again)) == (at, "greylisted", "greylisted")
