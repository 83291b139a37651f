"""Whoever wants to be told of changes and incidents: asked twice, told once, gone with one click."""

from gatepost.trust.news.paper import Channel, Topic
from gatepost.trust.news.post import Newsroom, spread, whpk
from gatepost.trust.news.subscribe import (
    CONFIRM,
    LEAVE,
    TargetError,
    TooManyError,
    ask,
    confirm,
    find,
    leave,
    still_counts,
    tidy,
)

__all__ = [
    "CONFIRM",
    "LEAVE",
    "Channel",
    "Newsroom",
    "TargetError",
    "TooManyError",
    "Topic",
    "ask",
    "confirm",
    "find",
    "leave",
    "spread",
    "still_counts",
    "tidy",
    "whpk",
]
