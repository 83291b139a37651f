"""The document room's facts: what lies there, who asked to see it, who saw what. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """What became of a request."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, in their own words; ``address`` is where the sign-in link goes, and so alone is proven."""

    name: str
    company: str
    address: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A request and what became of it.

    Attributes:
        expires_at: nobody is let in by it from then on; None until a person approved it.
        round: of the sign-in link that counts.
        link_at: when that link was asked for.
        nda_sha256: of the text that was shown and agreed to; empty before.
    """

    id: str
    visitor: Visitor
    state: State
    asked_at: datetime
    decided_at: datetime | None = None
    expires_at: datetime | None = None
    round: int = 0
    link_at: datetime | None = None
    nda_sha256: str = ""
    agreed_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether it lets somebody in."""
        return self.state is State.APPROVED and self.expires_at is not None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document of the room."""

    id: str
    title: str
    media: str
    sha256: str
    published_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """One view. ``entry``: its number in the record."""

    entry: int
    grant: str
    file: str
    sha256: str
    at: datetime
