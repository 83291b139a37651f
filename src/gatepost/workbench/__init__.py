"""Try a policy before it is in force, and decide once more what was decided."""

from gatepost.workbench.bench import Bench, BusyError
from gatepost.workbench.live import compiled
from gatepost.workbench.paper import ChangedRow, Run, RunState, TooManyError
from gatepost.workbench.run import handlers, start
from gatepost.workbench.upload import Uploaded, see_message

__all__ = [
    "Bench",
    "BusyError",
    "ChangedRow",
    "Run",
    "RunState",
    "TooManyError",
    "Uploaded",
    "compiled",
    "handlers",
    "see_message",
    "start",
]
