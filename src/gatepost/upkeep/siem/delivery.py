"""Events on one road, in the log's order: halved, sent again, and confirmed later where the receiver does that.

Batches that wait for their confirmation are many at once, and are asked about together. Of them only the places are
kept: what is never confirmed is read from the log and sent once more.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gatepost.ids import LeafIndex
from gatepost.record.erased import ranges
from gatepost.upkeep.siem import batches
from gatepost.upkeep.siem.paper import Event, Run, Spelled, Verdict
from gatepost.upkeep.siem.road import Road

TRIES_MAX = 6
SLOW_S = 30.0
"""The pause a receiver near its limits is given."""

ACK_POLL_S, ACK_PATIENCE_S, PROBE_PATIENCE_S = 10.0, 300.0, 30.0
"""How often confirmations are asked for, and for how long; a person who presses the test button waits less."""

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds, and sees to it that nobody else takes over meanwhile."""


@dataclass(slots=True)
class Outcome:
    """What became of events that were sent: all below ``reached`` is settled, and beyond it what ``ahead`` names."""

    reached: int
    ahead: list[Run] = field(default_factory=list)
    dead: dict[LeafIndex, str] = field(default_factory=dict)
    taken: list[LeafIndex] = field(default_factory=list)
    rejected: int = 0
    alert: str = ""
    stop: str = ""
    reason: str = ""
    wait_s: float = 0
    is_slow: bool = False
    is_behind: bool = False


class Delivery:
    """One turn's sending: ``send`` any number of times, then ``finish``.

    Args:
        road: the destination.
        pause: waits.
        chance: from 0 up to 1, so that many destinations do not come back at the same moment.
        is_patient: a request of which some events were taken is repeated for the others after a pause.
    """

    def __init__(self, road: Road, pause: Pause, chance: Callable[[], float], *, is_patient: bool) -> None:
        self._road = road
        self._pause = pause
        self._chance = chance
        self._is_patient = is_patient
        self._unconfirmed: dict[int, list[LeafIndex]] = {}
        self._confirmed: set[LeafIndex] = set()
        self._outcome = Outcome(0)

    @property
    def next_index(self) -> int | None:
        """What to send next while the receiver takes its time to confirm; None where the turn is better ended."""
        said = self._outcome
        is_waiting = self._unconfirmed and not (said.stop or said.is_behind or said.is_slow)
        return said.reached if is_waiting else None

    @property
    def ahead(self) -> list[Run]:
        """What need not be sent again by whoever goes on if this process ends here."""
        each: list[tuple[int | None, Iterable[LeafIndex]]] = [(None, self._confirmed), *self._unconfirmed.items()]
        return sorted(
            (Run(first, last, ack) for ack, places in each for first, last in ranges(sorted(places))),
            key=lambda run: run.first,
        )

    def know(self, ahead: Sequence[Run]) -> None:
        """Pass over what is confirmed beyond the cursor: it is not sent again."""
        for run in ahead:
            if run.ack is None:
                self._confirmed.update(map(LeafIndex, range(run.first, run.last + 1)))

    def take_up(self, ahead: Sequence[Run]) -> None:
        """Wait also for what another process sent beyond what this one has sent, up to the first gap.

        A receiver counts on while it runs. One that numbers our batches lower than those was started again, or is
        another: it may have lost them, and a "yes" to their numbers would be about other batches.
        """
        start = self.next_index
        if start is None or max((run.ack or 0 for run in ahead), default=0) >= min(self._unconfirmed):
            return
        for run in ahead:
            if run.last < start:
                continue
            if run.first > start:
                break
            if run.ack is not None:
                places = [LeafIndex(place) for place in range(start, run.last + 1)]
                self._unconfirmed.setdefault(run.ack, []).extend(places)
            start = self._outcome.reached = run.last + 1

    async def send(self, events: Sequence[Event]) -> None:
        """Send events, at least one, in their order."""
        outcome, limits = self._outcome, self._road.limits
        outcome.reached = events[-1].leaf_index + 1
        spelled = [
            Spelled(event.leaf_index, self._road.spell(event))
            for event in events
            if event.leaf_index not in self._confirmed
        ]
        fitting = [each for each in spelled if len(each.octets) <= limits.event_octets]
        outcome.dead |= {
            each.leaf_index: batches.TOO_LARGE for each in spelled if len(each.octets) > limits.event_octets
        }
        todo = deque(batches.cut(fitting, limits))
        tries = 0
        while todo and not (outcome.stop or outcome.is_behind):
            batch = todo.popleft()
            verdict = await self._road.way.send([each.octets for each in batch])
            left = self._apply(verdict, batch, todo)
            is_named = len(left) + len(verdict.dead) == len(batch)
            tries = tries + 1 if left and not (verdict.dead and is_named) else 0
            if not left:
                await self._pause(0)
            elif verdict.dead and is_named:  # refused as a whole for the sake of these alone: no reason to wait
                first = min(verdict.dead)
                todo.extendleft(part for part in (left[first:], left[:first]) if part)
                await self._pause(0)
            elif len(left) == len(batch) or not self._is_patient or tries >= TRIES_MAX or verdict.wait_s > SLOW_S:
                outcome.is_behind, outcome.wait_s = True, verdict.wait_s
                outcome.reached, outcome.reason = left[0].leaf_index, verdict.reason
            else:
                await self._pause(max(verdict.wait_s, batches.wait_s(tries, self._chance())))
                todo.appendleft(left)

    async def finish(self) -> Outcome:
        """Wait for what is to be confirmed; return what became of all that was sent."""
        await self._confirm()
        outcome = self._outcome
        if outcome.stop:
            outcome.reason = outcome.stop
        elif not (outcome.is_behind or outcome.is_slow):
            outcome.reason = ""
        if outcome.stop or outcome.is_behind:  # what lies beyond the cursor and is not confirmed will be sent again
            outcome.dead = {at: reason for at, reason in outcome.dead.items() if at < outcome.reached}
        outcome.ahead = [run for run in self.ahead if run.ack is None and run.last >= outcome.reached]
        return outcome

    async def _confirm(self) -> None:
        """Ask about all batches together; what is not confirmed in time is sent again, and shows by its hash."""
        ask, waiting = self._road.confirm, self._unconfirmed
        patience_s = ACK_PATIENCE_S if self._is_patient else PROBE_PATIENCE_S
        waited_s = 0.0
        while ask is not None and waiting and waited_s < patience_s:
            await self._pause(ACK_POLL_S)
            waited_s += ACK_POLL_S
            said = await ask(list(waiting))
            for number in said.numbers:
                confirmed = waiting.pop(number, [])
                self._outcome.taken += confirmed
                self._confirmed.update(confirmed)
            if said.stop:
                self._outcome.stop = said.stop
                self._give_up(said.stop, before=self._outcome.reached)
        if waiting:
            self._give_up("splunk.ack_late", before=self._outcome.reached)

    def _give_up(self, reason: str, *, before: int) -> None:
        """Wait for no confirmation any more: each batch without one is sent again.

        A number that comes twice means that the receiver was started again, or is another one: it may have lost what
        waits, and a "yes" to that number would be about the later batch.
        """
        outcome = self._outcome
        outcome.is_behind, outcome.reason = True, reason
        outcome.reached = min(before, *(places[0] for places in self._unconfirmed.values()))
        self._unconfirmed.clear()

    def _apply(self, verdict: Verdict, batch: list[Spelled], todo: deque[list[Spelled]]) -> list[Spelled]:
        """Write a verdict into the outcome; return what is to be sent again."""
        outcome = self._outcome
        outcome.alert = outcome.alert or verdict.alert
        outcome.rejected += verdict.rejected
        if verdict.stop:
            outcome.stop, outcome.reached = verdict.stop, batch[0].leaf_index
            return []
        if verdict.is_split:
            if len(batch) == 1:
                outcome.dead[batch[0].leaf_index] = verdict.reason
            else:
                todo.extendleft(reversed(batches.halves(batch)))
            return []
        outcome.dead |= {batch[at].leaf_index: reason for at, reason in verdict.dead.items()}
        again = set(verdict.again)
        taken = [each.leaf_index for at, each in enumerate(batch) if at not in again and at not in verdict.dead]
        if verdict.is_slow:
            outcome.is_slow, outcome.reason = True, verdict.reason
        if verdict.ack is None or not taken:
            outcome.taken += taken
        elif verdict.ack in self._unconfirmed:
            self._give_up("splunk.ack_repeated", before=taken[0])
        else:
            self._unconfirmed[verdict.ack] = taken
        return [each for at, each in enumerate(batch) if at in again]
