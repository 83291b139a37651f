"""What an answer must lead to, played over real HTTP: events go down a road to a double that gives the answer.

Each target has its own module of rows, one for each status and code that its contract names. A row says the answer
and one word for what follows; ``keeps`` checks all that the word promises.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from typing_extensions import override

from gatepost.upkeep.siem.delivery import Delivery, Outcome
from gatepost.upkeep.siem.paper import Destination, Event
from gatepost.upkeep.siem.road import Road, road
from record.papers import TENANT, Hands
from upkeep.siem.papers import decided
from upkeep.siem.receivers import Double
from upkeep.siem.scene import ways

D = TypeVar("D", bound=Double)
Listen = Callable[[D], D]
COUNT = 4


class Means(StrEnum):
    """What an answer to four events leads to."""

    TAKEN = "taken"  # the cursor moves; nothing is sent twice
    SLOW = "slow"  # the same, and a pause follows
    AGAIN = "again"  # the cursor stays; all is sent once more later, and then taken
    SPLIT = "split"  # sent in halves; an event refused alone is a letter
    STOP = "stop"  # the cursor stays, and nothing is sent until a person acts


@dataclass(frozen=True)
class Row:
    """One answer. ``wait_s``: what it asks us to wait."""

    status: int
    body: Any
    means: Means
    reason: str = ""
    wait_s: float = 0

    @override
    def __str__(self) -> str:
        code = self.body.get("code", "") if isinstance(self.body, dict) else ""
        return f"{self.status}{'.' if code != '' else ''}{code}-{self.means}"


@dataclass
class Played:
    """A delivery that is over. ``paused``: how long it waited each time."""

    outcome: Outcome
    paused: list[float]


def ready(to: Destination, *, is_test: bool = False) -> Road:
    return road(ways(Hands()), TENANT, to, is_test=is_test)


async def deliver(
    way: Road, *, start: int = 0, count: int = COUNT, events: Sequence[Event] = (), is_patient: bool = True
) -> Played:
    """Send so many events from a place on, or those given."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        if seconds:
            paused.append(seconds)

    delivery = Delivery(way, pause, lambda: 0.5, is_patient=is_patient)
    await delivery.send(events or [decided(index=at) for at in range(start, start + count)])
    return Played(await delivery.finish(), paused)


async def keeps(row: Row, double: Double, way: Road, arrived: Callable[[], list[int]]) -> None:
    """Play a row, whose answer is given once; ``arrived`` tells which places the double has kept."""
    double.faults.append((row.status, row.body))
    double.retry_after = str(int(row.wait_s)) if row.wait_s else ""
    outcome = (await deliver(way)).outcome
    sent = [len(each) for each in double.requests]
    match row.means:
        case Means.TAKEN | Means.SLOW:
            assert sent == [COUNT]
            assert (outcome.reached, outcome.taken) == (COUNT, list(range(COUNT)))
            assert (outcome.is_slow, outcome.is_behind) == (row.means is Means.SLOW, False)
        case Means.AGAIN:
            assert sent == [COUNT]
            assert (outcome.reached, outcome.is_behind, outcome.taken) == (0, True, [])
            assert (outcome.wait_s, outcome.dead) == (row.wait_s, {})
            assert (await deliver(way)).outcome.reached == COUNT
            assert arrived() == list(range(COUNT))
        case Means.SPLIT:
            assert sent == [COUNT, COUNT // 2, COUNT // 2]
            assert (outcome.reached, arrived()) == (COUNT, list(range(COUNT)))
            await _refuses_one_alone(row, double, way)
        case Means.STOP:
            assert sent == [COUNT]
            assert (outcome.stop, outcome.reached, outcome.taken) == (row.reason, 0, [])
            assert arrived() == []
    if row.means is not Means.SPLIT:
        assert outcome.reason == row.reason
    assert double.wrong == []


async def _refuses_one_alone(row: Row, double: Double, way: Road) -> None:
    double.faults.append((row.status, row.body))
    outcome = (await deliver(way, start=COUNT, count=1)).outcome
    assert (outcome.dead, outcome.reached) == ({COUNT: row.reason}, COUNT + 1)
