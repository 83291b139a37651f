from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.silence import ADDRESSES_MAX, KEPT_S, WAITED_S, Silences

SILENT = Attempt(AttemptResult.DEFERRED, 0, "4.4.2", "remote.too_slow")
BUSY = Attempt(AttemptResult.DEFERRED, 451, "4.3.2", "remote.deferred")


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_let_us_wait_in_vain_is_remembered_for_a_while() -> None:
    clock = _Clock()
    silences = Silences(clock)
    silences.note("192.0.2.1", SILENT, waited_s=WAITED_S)
    assert (silences.is_silent("192.0.2.1"), silences.is_silent("192.0.2.2")) == (True, False)
    clock.now += KEPT_S
    assert not silences.is_silent("192.0.2.1")


def test_an_answer_ends_the_silence_whatever_it_says() -> None:
    silences = Silences()
    silences.note("192.0.2.1", SILENT, waited_s=WAITED_S)
    silences.note("192.0.2.1", BUSY, waited_s=WAITED_S)
    assert not silences.is_silent("192.0.2.1")


def test_who_refuses_at_once_costs_no_time_and_is_not_remembered() -> None:
    silences = Silences()
    silences.note("192.0.2.1", SILENT, waited_s=0.1)
    assert not silences.is_silent("192.0.2.1")


def test_what_is_remembered_is_bounded() -> None:
    silences = Silences()
    for number in range(ADDRESSES_MAX + 1):
        silences.note(f"2001:db8::{number:x}", SILENT, waited_s=WAITED_S)
    assert not silences.is_silent("2001:db8::0")
    assert silences.is_silent(f"2001:db8::{ADDRESSES_MAX:x}")
    assert len(silences._until) == ADDRESSES_MAX
