"""What the house counts about itself: the shape only; ``app`` builds the real one and hands it down (habit 7)."""

from typing import Protocol, Self


class Meters(Protocol):
    """Told of what happens, by those it happens to. No call may fail or wait: each costs about a microsecond.

    Every text is a word of a closed list of ours (a reason, a kind of job): never an address, a domain, a name of a
    tenant, or anything else that a stranger or a tenant wrote.
    """

    def decided(self, direction: str, disposition: str, reason: str) -> None:
        """Count one message that came to its end."""

    def refused(self, reason: str) -> None:
        """Count one mail turned away before there was a decision."""

    def carried(self, seconds: float) -> None:
        """Measure one message from its last octet to our answer."""

    def connected(self) -> None:
        """Count one SMTP session in."""

    def disconnected(self) -> None:
        """Count one SMTP session out."""

    def committed(self, size: int, seconds: float) -> None:
        """Measure one commit: how many messages shared it, and how long it took."""

    def committing(self, *, is_under_way: bool) -> None:
        """Note that a commit of mail began, or that it ended, however it did."""

    def remembered(self, answers: int = 1) -> None:
        """Count DNS answers that were in the cache."""

    def asked(self, status: str, seconds: float) -> None:
        """Measure one DNS question put to the network."""

    def ran(self, kind: str, end: str, seconds: float) -> None:
        """Measure one run of a job, such as one attempt to reach a webhook."""


class _Unmetered:
    """Counts nothing: for a command that only looks, and for tests of something else."""

    def decided(self, direction: str, disposition: str, reason: str) -> None: ...
    def refused(self, reason: str) -> None: ...
    def carried(self, seconds: float) -> None: ...
    def connected(self) -> None: ...
    def disconnected(self) -> None: ...
    def committed(self, size: int, seconds: float) -> None: ...
    def committing(self, *, is_under_way: bool) -> None: ...
    def remembered(self, answers: int = 1) -> None: ...
    def asked(self, status: str, seconds: float) -> None: ...
    def ran(self, kind: str, end: str, seconds: float) -> None: ...


UNMETERED: Meters = _Unmetered()


class Raised(str):
    """An exception nobody expected, as ``error`` of a log line: there its kind alone, or where it was raised.

    Whoever stands among the log's processors finds the exception itself and counts it; its text is shown to nobody.
    """

    __slots__ = ("error",)
    error: BaseException

    @classmethod
    def by(cls, error: BaseException, shown: str = "") -> Self:
        """Return how an exception is logged; ``shown`` in place of its kind."""
        made = cls(shown or type(error).__name__)
        made.error = error
        return made
