"""How a process of the house treats its own memory."""

import gc


def spare_the_collector() -> None:
    """Let the garbage collector look at what messages leave behind, and not each time at the house itself.

    What stands now (modules, types, settings) stays. A message makes thousands of objects and few cycles: looking for
    them after every 700 objects, as is the default, costs a tenth of the work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
