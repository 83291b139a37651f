"""The law of every delivery: below the cursor nothing is lost, and nothing is called taken that was not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.upkeep.siem.delivery import ACK_POLL_S, Delivery
from gatepost.upkeep.siem.paper import Confirmed, Event, Limits, Run, Verdict
from gatepost.upkeep.siem.road import Road
from upkeep.siem.papers import decided

COUNT = 24
EVENTS = [decided(index=at) for at in range(COUNT)]
LIMITS = Limits(events=8, batch_octets=10_000, event_octets=100)


def spell(event: Event) -> bytes:
    return b"%d" % event.leaf_index


@dataclass
class Moody:
    """A receiver that does as it was told, batch by batch, and then takes everything. ``has``: what it took."""

    moods: Iterator[str]
    confirms: bool
    has: set[int] = field(default_factory=set)
    numbers: dict[int, set[int]] = field(default_factory=dict)
    said: list[Verdict] = field(default_factory=list)

    async def send(self, batch: Sequence[bytes]) -> Verdict:
        verdict = self._verdict(len(batch), next(self.moods, "take"))
        if not (verdict.stop or verdict.is_split):
            left = {*verdict.again, *verdict.dead}
            taken = {int(each) for at, each in enumerate(batch) if at not in left}
            if verdict.ack is None:
                self.has |= taken
            else:
                self.numbers[verdict.ack] = taken
        self.said.append(verdict)
        return verdict

    def _verdict(self, count: int, mood: str) -> Verdict:
        moods = {
            "busy": Verdict(again=range(count), reason="busy"),
            "some": Verdict(again=range(1, count, 2), reason="some"),
            "faulty": Verdict(dead={count - 1: "faulty"}, again=range(count - 1), reason="faulty"),
            "mixed": Verdict(dead={0: "mapper"}, again=range(2, count), reason="mixed"),
            "large": Verdict(is_split=True, reason="large"),
            "stop": Verdict(stop="stop"),
            "slow": Verdict(is_slow=True, reason="slow"),
        }
        return moods.get(mood) or Verdict(ack=len(self.said) if self.confirms else None)

    async def confirm(self, numbers: Sequence[int]) -> Confirmed:
        found = [each for each in numbers if each % 3 != 2]
        for each in found:
            self.has |= self.numbers[each]
        return Confirmed(frozenset(found))


async def pause(_: float) -> None:
    return


@given(
    moods=st.lists(st.sampled_from(["take", "busy", "some", "faulty", "mixed", "large", "stop", "slow"]), max_size=12),
    confirms=st.booleans(),
    is_patient=st.booleans(),
)
async def test_below_the_cursor_each_event_is_taken_or_a_letter(
    *, moods: list[str], confirms: bool, is_patient: bool
) -> None:
    receiver = Moody(iter(moods), confirms)
    road = Road(spell, LIMITS, receiver, receiver.confirm if confirms else None)
    delivery = Delivery(road, pause, lambda: 0.5, is_patient=is_patient)
    await delivery.send(EVENTS)
    outcome = await delivery.finish()
    assert set(outcome.taken) <= receiver.has
    assert set(range(outcome.reached)) <= receiver.has | set(outcome.dead)
    assert all(at < outcome.reached for at in outcome.dead)
    assert outcome.reached == COUNT or outcome.stop or outcome.is_behind


async def test_an_event_too_large_for_the_receiver_is_a_letter_and_the_others_pass() -> None:
    receiver = Moody(iter(()), confirms=False)
    road = Road(lambda event: b"x" * 101 if event.leaf_index == 3 else spell(event), LIMITS, receiver)
    delivery = Delivery(road, pause, lambda: 0.5, is_patient=True)
    await delivery.send(EVENTS)
    outcome = await delivery.finish()
    assert outcome.dead == {3: "event.too_large"}
    assert receiver.has == set(range(COUNT)) - {3}


@pytest.mark.parametrize("mood", ["busy", "stop", "slow"])
async def test_nothing_more_is_sent_ahead_of_trouble(mood: str) -> None:
    receiver = Moody(iter(["take", mood]), confirms=True)
    delivery = Delivery(Road(spell, LIMITS, receiver, receiver.confirm), pause, lambda: 0.5, is_patient=True)
    await delivery.send(EVENTS)
    assert delivery.next_index is None


async def test_what_waits_to_be_confirmed_lets_the_next_events_go_ahead() -> None:
    paused: list[float] = []

    async def counted(seconds: float) -> None:
        paused.extend([seconds] if seconds else [])

    receiver = Moody(iter(()), confirms=True)
    delivery = Delivery(Road(spell, LIMITS, receiver, receiver.confirm), counted, lambda: 0.5, is_patient=True)
    assert delivery.next_index is None
    await delivery.send(EVENTS[:8])
    assert delivery.next_index == 8
    await delivery.send(EVENTS[8:16])
    assert (await delivery.finish()).reached == 16
    assert paused == [ACK_POLL_S]


def delivery_of(first_number: int) -> tuple[Moody, Delivery]:
    """Return a receiver that numbers its next batch so, and a delivery to it."""
    receiver = Moody(iter(()), confirms=True, said=[Verdict()] * first_number)
    return receiver, Delivery(Road(spell, LIMITS, receiver, receiver.confirm), pause, lambda: 0.5, is_patient=True)


async def test_what_another_process_sent_is_asked_about_and_not_sent_again() -> None:
    receiver, delivery = delivery_of(first_number=9)
    receiver.numbers = {4: {1, 2, 3}, 6: {7, 8}}
    ahead = [Run(0, 3, 4), Run(4, 6, None), Run(7, 8, 6), Run(10, 12, 7)]
    delivery.know(ahead)
    await delivery.send(EVENTS[:1])
    delivery.take_up(ahead)
    assert delivery.next_index == 9  # where a gap begins: whatever lies beyond is sent again
    assert delivery.ahead == [Run(0, 0, 9), Run(1, 3, 4), Run(4, 6, None), Run(7, 8, 6)]
    outcome = await delivery.finish()
    taken = [0, 1, 2, 3, 7, 8]  # the others were taken before
    assert (outcome.reached, outcome.is_behind, sorted(outcome.taken)) == (9, False, taken)
    assert delivery.ahead == [Run(0, 8, None)]


@pytest.mark.parametrize("number", [0, 4, 6])
async def test_a_receiver_that_counts_anew_is_not_believed_about_what_another_process_sent(number: int) -> None:
    _, delivery = delivery_of(first_number=number)
    await delivery.send(EVENTS[:1])
    delivery.take_up([Run(0, 3, 4), Run(4, 8, 6)])
    assert delivery.next_index == 1


async def test_nothing_is_taken_up_where_the_receiver_is_in_trouble() -> None:
    receiver = Moody(iter(["busy"]), confirms=True)
    delivery = Delivery(Road(spell, LIMITS, receiver, receiver.confirm), pause, lambda: 0.5, is_patient=True)
    await delivery.send(EVENTS[:1])
    delivery.take_up([Run(0, 3, 4)])
    outcome = await delivery.finish()
    assert (outcome.reached, outcome.is_behind) == (0, True)
