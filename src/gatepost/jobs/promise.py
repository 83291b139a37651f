"""What was promised, and what is being kept."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatepost.ids import JobId, TenantId


@dataclass(frozen=True, slots=True)
class Promise:
    """Work to do: ``kind`` names the handler, ``key`` what must not run twice at once, ``body`` holds ids only.

    Promises of one tenant, kind and key are kept one at a time, in the order they were made: one that waits for
    another try makes those behind it wait. Choose the key as narrow as the order matters.
    """

    kind: str
    key: str
    body: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A promise being kept; ``attempt`` counts from 1."""

    id: JobId
    tenant: TenantId
    kind: str
    key: str
    body: Mapping[str, str | int]
    attempt: int
    promised_at: datetime


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job given up after ``failures`` unexpected ends in a row; it waits for a person."""

    id: JobId
    kind: str
    key: str
    attempt: int
    failures: int
    reason: str
    dead_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob:
    """A promise not kept yet; ``reason``: why it was put back, None before its first run."""

    id: JobId
    key: str
    due_at: datetime
    is_out: bool
    reason: str | None


class TryAgainError(Exception):
    """The handler could not finish; run it again ``at`` that time. ``reason`` is kept with the job: ids and codes."""

    def __init__(self, at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


Handler = Callable[[Job], Awaitable[None]]
"""Does the work. May run twice, so it begins by asking whether it is already done."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Kinds that have a number of runs of their own: however long theirs take, no other kind waits for them.

    ``concurrency``: runs at once.
    """

    handlers: Mapping[str, Handler]
    concurrency: int
