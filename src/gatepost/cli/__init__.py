"""Commands an operator types."""

import sys

from gatepost.app.errors import HouseEndedError
from gatepost.app.state import StateError
from gatepost.cli import (
    admin,
    agents,
    case,
    doctor,
    egress,
    entries,
    errors,
    explain,
    export,
    findings,
    hold,
    house,
    incident,
    mail,
    petition,
    policy,
    policy_proposals,
    policy_replay,
    policy_versions,
    record,
    replay,
    retention,
    room,
    send,
    status,
    subprocessor,
    terms,
    trace,
    trust,
    webhook,
    witness,
)
from gatepost.cli.frame import Refusal, app
from gatepost.db import DatabaseUnavailableError
from gatepost.db.binaries import LauncherError
from gatepost.db.migrate import MigrationError
from gatepost.keys import KeyringError
from gatepost.settings import SettingsError

__all__ = [
    "admin",
    "agents",
    "case",
    "doctor",
    "egress",
    "entries",
    "errors",
    "explain",
    "export",
    "findings",
    "hold",
    "house",
    "incident",
    "mail",
    "main",
    "petition",
    "policy",
    "policy_proposals",
    "policy_replay",
    "policy_versions",
    "record",
    "replay",
    "retention",
    "room",
    "send",
    "status",
    "subprocessor",
    "terms",
    "trace",
    "trust",
    "webhook",
    "witness",
]

_OUR_OWN = (
    Refusal,
    HouseEndedError,
    KeyringError,
    LauncherError,
    MigrationError,
    SettingsError,
    StateError,
)


def main() -> None:
    """Run the command line; what goes wrong in a way we know is one sentence, never a traceback."""
    if any("\udc80" <= character <= "\udcff" for character in "".join(sys.argv)):  # PEP 383: octets that are no text
        sys.exit("gatepost: an argument is not UTF-8")
    try:
        app()
    except DatabaseUnavailableError as error:
        sys.exit(f"gatepost: the database does not answer ({error}): see database.dsn, or postgres.log if it is ours")
    except _OUR_OWN as error:
        sys.exit(f"gatepost: {error}")
    except ExceptionGroup as group:
        ours, others = group.split(_OUR_OWN)
        if others is not None or ours is None:
            raise
        sys.exit(f"gatepost: {_first(ours)}")


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
