"""The document room: confidential papers for visitors a person let in, who agreed to keep them so."""

from gatepost.trust.room import canary
from gatepost.trust.room.doorman import Doorman
from gatepost.trust.room.paper import File, Grant, State, Viewed, Visitor
from gatepost.trust.room.stock import NDA, StockError, octets_of, publish
from gatepost.trust.room.store import files, grants, views
from gatepost.trust.room.visit import (
    ENTER_PATH,
    AskError,
    Inside,
    TooManyError,
    agree,
    ask,
    decide,
    enter,
    inside,
    is_good,
    leave,
    look,
    send_link,
    tidy,
)
from gatepost.trust.room.watermark import mark, marked

__all__ = [
    "ENTER_PATH",
    "NDA",
    "AskError",
    "Doorman",
    "File",
    "Grant",
    "Inside",
    "State",
    "StockError",
    "TooManyError",
    "Viewed",
    "Visitor",
    "agree",
    "ask",
    "canary",
    "decide",
    "enter",
    "files",
    "grants",
    "inside",
    "is_good",
    "leave",
    "look",
    "mark",
    "marked",
    "octets_of",
    "publish",
    "send_link",
    "tidy",
    "views",
]
