"""Who is told, and of what. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Topic(StrEnum):
    """What somebody may subscribe to."""

    TRUST = "trust"  # revisions of what is published, sub-processors, terms
    STATUS = "status"  # incidents and maintenance


TOPICS = {
    Topic.TRUST: "what we publish, sub-processors, terms",
    Topic.STATUS: "incidents and maintenance",
}
"""Topics in words, as the forms have them."""


def in_words(topics: Iterable[Topic]) -> str:
    """Return topics as a list in a sentence."""
    return "; ".join(TOPICS[each] for each in sorted(topics))


class Channel(StrEnum):
    """How they are told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """An address or a URL that asked to be told.

    Attributes:
        target: the address or the URL.
        topics: what is told; empty until somebody confirmed it.
        wanted: what was asked for last.
        round: of the confirmation whose link counts.
        confirmed_at: when it was confirmed first; None: it is told nothing.
    """

    id: str
    channel: Channel
    target: str
    topics: frozenset[Topic]
    wanted: frozenset[Topic]
    asked_at: datetime
    round: int
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One fact, in words for people. ``kind``: its action; ``path``: where it is shown, below the public URL."""

    topic: Topic
    kind: str
    title: str
    text: str
    path: str
