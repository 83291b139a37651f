"""How every destination of the house stands, for whoever watches it: counts and codes, nothing that is sealed."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Database
from gatepost.ids import ExportId, TenantId
from gatepost.upkeep.siem.paper import Kind

BEHIND_S = 900.0
"""So old is no entry that still waits where all is well: a receiver that is busy is asked again every five minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One destination.

    Attributes:
        tenant: whose.
        id: which.
        kind: what stands at the other end.
        is_stopped: a person must act.
        reason: why it stopped, or why the last attempt failed.
        alert: what was taken although something is wrong there.
        failures: attempts in a row that failed.
        lag: entries of the log that are still to go.
        lag_s: age of the first of them; 0 where there is none.
        letters: entries that it refused, and that lie there.
        rejected: how many it refused without naming them.
    """

    tenant: TenantId
    id: ExportId
    kind: Kind
    is_stopped: bool
    reason: str
    alert: str
    failures: int
    lag: int
    lag_s: float
    letters: int
    rejected: int

    @property
    def state(self) -> str:
        """One word of three."""
        return "stopped" if self.is_stopped else "failing" if self.failures else "running"


STATES = ("running", "failing", "stopped")


async def standings(db: Database, now: datetime) -> list[Standing]:
    """Return how each destination of each tenant stands.

    Raises:
        DatabaseUnavailableError: the database does not say.
    """
    return [
        Standing(
            tenant=TenantId(row.tenant),
            id=ExportId(row.id),
            kind=Kind(row.kind),
            is_stopped=row.is_stopped,
            reason=row.reason,
            alert=row.alert,
            failures=row.failures,
            lag=row.lag,
            lag_s=0.0 if row.oldest is None else max((now - row.oldest).total_seconds(), 0.0),
            letters=row.letters,
            rejected=row.rejected,
        )
        for row in await db.look_up("select * from lookup_exports()")
    ]
