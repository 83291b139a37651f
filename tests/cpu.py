"""What a piece of work costs, as far as a busy machine lets it be seen."""

import time
from collections.abc import Callable


def least_cpu_s(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the CPU seconds of this process that the quickest of some rounds took."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)
