from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.jobs.retry import Patience, whereabouts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_wait_doubles_up_to_its_bound() -> None:
    patience = Patience(first_wait_s=1, wait_max_s=5, failures_max=99)
    waits = [patience.next_at(n, now=NOW) for n in range(1, 6)]
    assert waits == [NOW + timedelta(seconds=s) for s in (1, 2, 4, 5, 5)]


def test_patience_runs_out_after_the_last_failure() -> None:
    patience = Patience(failures_max=3)
    assert patience.next_at(2, now=NOW) is not None
    assert patience.next_at(3, now=NOW) is None


def test_the_default_bears_an_outage_of_some_hours() -> None:
    patience, now = Patience(), NOW
    failures = 1
    while (later := patience.next_at(failures, now=now)) is not None:
        now, failures = later, failures + 1
    assert timedelta(hours=3) < now - NOW < timedelta(hours=5)


@given(failures=st.integers(1, 10_000))
def test_a_wait_is_never_negative_and_never_beyond_its_bound(failures: int) -> None:
    at = Patience(failures_max=20_000).next_at(failures, now=NOW)
    assert at is not None
    assert timedelta(0) < at - NOW <= timedelta(seconds=900)


def _quote() -> None:
    raise ValueError("boss@example.com wrote: hello")


def test_an_error_is_told_by_type_and_place_never_by_its_text() -> None:
    with pytest.raises(ValueError, match="boss") as caught:
        _quote()
    told = whereabouts(caught.value)
    assert told.startswith("ValueError in ")
    assert "test_retry" in told
    assert "boss" not in told


def test_an_error_that_was_never_raised_has_a_type_only() -> None:
    assert whereabouts(KeyError("k")) == "KeyError"
