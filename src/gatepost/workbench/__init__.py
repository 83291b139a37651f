"""Try a policy before it is in force, and decide once more what was decided."""

from gatepost.workbench.bench import Bench, BusyError
from gatepost.workbench.change import BaseChangedError
from gatepost.workbench.live import compiled
from gatepost.workbench.paper import (
    ChangedError,
    ChangedRow,
    OutdatedError,
    Proposal,
    ProposalState,
    Run,
    RunState,
    SamePersonError,
    SettledError,
    TooManyError,
    UnjudgedError,
)
from gatepost.workbench.proposal import Ruling, of_petition, put_or_propose, rule
from gatepost.workbench.run import handlers, start
from gatepost.workbench.standing import misruled
from gatepost.workbench.upload import Uploaded, see_message

__all__ = [
    "BaseChangedError",
    "Bench",
    "BusyError",
    "ChangedError",
    "ChangedRow",
    "OutdatedError",
    "Proposal",
    "ProposalState",
    "Ruling",
    "Run",
    "RunState",
    "SamePersonError",
    "SettledError",
    "TooManyError",
    "UnjudgedError",
    "Uploaded",
    "compiled",
    "handlers",
    "misruled",
    "of_petition",
    "put_or_propose",
    "rule",
    "see_message",
    "start",
]
