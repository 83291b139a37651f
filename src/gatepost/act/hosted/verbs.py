"""The English words by which people ask for what tools are named after. Data, and how a word is reduced to compare it.

A tool whose verb is not here is asked for by that verb alone.
"""

import re
from collections.abc import Mapping

READS = frozenset({
    "get", "search", "list", "read", "find", "check", "show", "view", "fetch", "lookup", "look", "query", "count",
    "describe", "summarize", "download", "inspect", "verify",
})  # fmt: skip
"""Verbs of tools that only look; any other verb is taken to act."""

RETURNS = READS | {"return", "retrieve", "searches", "fetches", "queries", "tell", "compute", "calculate"}
"""First words, with or without an ending, of what a tool that only looks says of itself."""

ACTS = frozenset({
    "pay", "buy", "purchase", "sell", "sale", "donate", "send", "publish", "upload", "notify", "forward", "grant",
    "invite", "give", "create", "make", "add", "append", "insert", "write", "save", "modify", "edit", "rename", "move",
    "replace", "reset", "apply", "delete", "remove", "erase", "clear", "drop", "purge", "cancel", "revoke",
    "run", "execute",
    "install", "launch", "trigger", "unlock", "enable", "disable", "confirm", "approve", "accept", "submit", "sign",
    "reserve", "reschedule",
})  # fmt: skip
"""Verbs, none of them also a thing's name, that make one who looks act: in the rest of a name, or in a description."""

ASIDE = frozenset({"in", "out", "off", "into", "and", "then", "to"})
"""Right behind a looking verb they make another one of it: to check out, to look into, to search and replace."""

_SEND = frozenset({"send", "email", "mail", "forward", "reply", "respond", "write", "message", "tell", "notify", "post",
                   "pay", "transfer", "refund", "answer", "share", "ask", "dm", "text", "wire", "repay"})  # fmt: skip
_MAKE = frozenset({"create", "make", "add", "schedule", "write", "save", "new", "book", "set", "plan", "put", "arrange",
                   "prepare", "remind"})  # fmt: skip
_GO = frozenset({"delete", "remove", "erase", "clear", "drop", "trash", "discard", "kick"})
_CHANGE = frozenset({"update", "change", "modify", "set", "adjust", "edit", "correct", "replace", "reset", "raise",
                     "increase", "lower", "reduce"})  # fmt: skip
_INVITE = frozenset({"invite", "add", "include"})

DOES: Mapping[str, frozenset[str]] = {
    "send": _SEND,
    "forward": frozenset({"forward", "send", "pass"}),
    "reply": frozenset({"reply", "respond", "answer"}),
    "post": frozenset({"post", "publish", "upload", "put", "write"}),
    "create": _MAKE,
    "delete": _GO,
    "remove": _GO,
    "cancel": frozenset({"cancel", "call", "drop", "delete", "remove"}),
    "reschedule": frozenset({"reschedule", "move", "postpone", "push", "delay", "shift", "change"}),
    "update": _CHANGE,
    "add": _INVITE,
    "append": frozenset({"append", "add", "put", "write", "insert"}),
    "invite": _INVITE,
    "share": frozenset({"share", "give", "send"}),
    "schedule": frozenset({"schedule", "set", "plan", "recurring", "standing", "arrange"}),
    "reserve": frozenset({"reserve", "reservation", "book", "rent"}),
}
"""The first word of a tool's name: what people say for it."""

_MONEY = frozenset({"money", "pay", "payment", "bill", "refund", "transfer", "transaction", "account", "euro", "dollar",
                    "invoice", "price", "rent", "difference", "wire", "amount", "fee", "share", "iban"})  # fmt: skip
_EVENT = frozenset({"event", "meeting", "appointment", "calendar", "reminder", "remind", "lunch", "dinner", "call",
                    "class", "trip", "party", "session", "participant", "interview"})  # fmt: skip
_FILE = frozenset({"file", "document", "doc", "list", "drive", "note", "sheet", "folder", "spreadsheet"})
_INFO = frozenset({"info", "information", "detail", "address", "profile", "name", "data"})
_TALK = frozenset(
    {"message", "dm", "text", "direct", "write", "send", "tell", "reply", "ask", "post", "feedback", "channel"}
)

THINGS: Mapping[str, frozenset[str]] = {
    "money": _MONEY,
    "transaction": _MONEY | {"order"},
    "scheduled": _MONEY | {"order", "subscription"},
    "event": _EVENT,
    "calendar": _EVENT,
    "email": frozenset({"email", "mail", "e-mail", "inbox", "@"}),
    "file": _FILE,
    "message": _TALK,
    "direct": _TALK,
    "channel": frozenset({"channel"}),
    "info": _INFO,
    "webpage": frozenset({"webpage", "website", "site", "page", "web", "url"}),
    "hotel": frozenset({"hotel", "stay", "room"}),
    "restaurant": frozenset({"restaurant", "table"}),
    "car": frozenset({"car", "vehicle"}),
}
"""A further word of a tool's name: what people say for it. ``@``: an address will do."""

LINKS = frozenset({"to", "from", "in", "on", "by", "with", "for", "of", "a", "the", "and"})
"""Words of a tool's name that name nothing."""

TASKS = frozenset({"action", "instruction", "task", "todo", "step", "request", "order"})
"""What somebody else's text may hold for one to do."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def name_words(name: str) -> list[str]:
    """Return the words of a tool's or an argument's name, folded: ``send_email``, ``sendEmail``, ``send-email``."""
    parts = re.split(r"[^A-Za-z0-9]+", _CAMEL.sub("_", name))
    return [part.casefold() for part in parts if part] or [""]


def stem(word: str) -> str:
    """Return a word without a plural's ending: enough to compare with the lists above."""
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word  # noqa: PLR2004  # "is", "as"
