"""What is told of the house as it runs. Pure."""

from gatepost.record.vocabulary.said import Act


class ClockConfirm(Act, frozen=True, kw_only=True, tag="clock.confirm"):
    """An operator said that the clock is right, so that expiry need not wait a day to see it."""

    ahead_s: int | None


class ErrorsClear(Act, frozen=True, kw_only=True, tag="errors.clear"):
    """A kind of unexpected error was forgotten, as after it was mended."""

    fingerprint: str


class HouseStart(Act, frozen=True, kw_only=True, tag="house.start"):
    """The house began to serve: which release, and which settings are others than when it last did."""

    release: str
    changed: list[str]


class HouseStop(Act, frozen=True, kw_only=True, tag="house.stop"):
    """The house stopped in order; a start without a stop before it follows a crash."""


class HouseReload(Act, frozen=True, kw_only=True, tag="house.reload"):
    """The house read its settings and certificates anew."""

    outcome: str
    changed: list[str]
    waiting: list[str]
    certificates: dict[str, str]


class HouseMigrate(Act, frozen=True, kw_only=True, tag="house.migrate"):
    """The database's schema was brought up to a release."""

    applied: list[str]


class PostgresRestart(Act, frozen=True, kw_only=True, tag="postgres.restart"):
    """The house's own PostgreSQL had died and was started again."""

    code: int
