"""Work promised inside a transaction, done after it commits: leases, retries, order per key (docs/adr/0006)."""

from gatepost.jobs.ending import end
from gatepost.jobs.outbox import Jobs
from gatepost.jobs.promise import DeadJob, Handler, Job, Lane, Promise, TryAgainError, WaitingJob
from gatepost.jobs.retry import Patience
from gatepost.jobs.worker import Pace

__all__ = [
    "DeadJob",
    "Handler",
    "Job",
    "Jobs",
    "Lane",
    "Pace",
    "Patience",
    "Promise",
    "TryAgainError",
    "WaitingJob",
    "end",
]
