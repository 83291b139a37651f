from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.egress import Opened, Purpose, Refused, Rule, Times
from gatepost.egress.tally import KINDS_MAX, Counter
from gatepost.ids import TenantId
from ways import NOW

ONE, OTHER = TenantId("tn_one"), TenantId("tn_other")


def test_what_is_counted_is_taken_once() -> None:
    counter = Counter()
    what = Opened(ONE, Purpose.WEBHOOK, "wh_x")
    counter.opened(what, NOW)
    counter.opened(what, NOW + timedelta(seconds=1))
    counter.opened(Opened(OTHER, Purpose.WEBHOOK, "wh_x"), NOW)
    tally = counter.take()
    assert tally.opened[what] == Times(2, NOW, NOW + timedelta(seconds=1))
    assert len(tally.opened) == 2
    assert not counter.take().opened


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_what_is_put_back_is_counted_as_if_it_had_never_been_taken(before: list[int], after: list[int]) -> None:
    whole, parted = Counter(), Counter()
    kinds = [Refused(ONE, Purpose.MAIL, f"su_{number}", Rule.PRIVATE) for number in range(4)]
    at = NOW
    for number in before:
        at += timedelta(seconds=1)
        whole.refused(kinds[number], at)
        parted.refused(kinds[number], at)
    taken = parted.take()
    for number in after:
        at += timedelta(seconds=1)
        whole.refused(kinds[number], at)
        parted.refused(kinds[number], at)
    parted.put_back(taken)
    assert parted.take() == whole.take()


def test_a_flood_of_kinds_does_not_fill_the_memory() -> None:
    counter = Counter()
    for number in range(KINDS_MAX + 5):
        counter.refused(Refused(ONE, Purpose.MAIL, f"su_{number}", Rule.PRIVATE), NOW)
    counter.refused(Refused(ONE, Purpose.MAIL, "su_0", Rule.PRIVATE), NOW)
    assert counter.overflown == 5
    tally = counter.take()
    assert len(tally.refused) == KINDS_MAX
    assert tally.refused[Refused(ONE, Purpose.MAIL, "su_0", Rule.PRIVATE)].count == 2
