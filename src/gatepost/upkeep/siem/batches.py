"""Which events go together, and when to try again: pure arithmetic."""

from collections.abc import Iterable, Iterator, Sequence

from gatepost.upkeep.siem.paper import Limits, Spelled

FIRST_WAIT_S, WAIT_MAX_S = 1.0, 300.0
TOO_LARGE = "event.too_large"


def cut(events: Iterable[Spelled], limits: Limits) -> Iterator[list[Spelled]]:
    """Yield batches within the limits, in order. Events must each fit."""
    batch: list[Spelled] = []
    octets = 0
    for event in events:
        size = len(event.octets) + 1
        if batch and (len(batch) >= limits.events or octets + size > limits.batch_octets):
            yield batch
            batch, octets = [], 0
        batch.append(event)
        octets += size
    if batch:
        yield batch


def halves(batch: Sequence[Spelled]) -> tuple[list[Spelled], list[Spelled]]:
    """Return the two halves of a batch of at least two."""
    middle = len(batch) // 2
    return list(batch[:middle]), list(batch[middle:])


def wait_s(failures: int, chance: float) -> float:
    """Return how long to wait: doubling from a second, at most five minutes, somewhere in the upper half of it.

    Args:
        failures: in a row, from 1.
        chance: from 0 up to 1, so that many destinations do not come back at the same moment.
    """
    full = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 30), WAIT_MAX_S)
    return full * (0.5 + chance / 2)
