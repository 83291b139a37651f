"""The one list of what an agent may be let do for a message, each with its sentence. Pure.

Reading a delivered message and answering its author are implied by its delivery. Everything else needs a capability
that the rule which let the message in names; there is no wildcard, so that a list is read as it stands. What an agent
does with no message behind it needs one that the policy's ``onItsOwn`` names.
"""

import re
from collections.abc import Iterable, Mapping

from gatepost.decide.nearest import nearest_slip

READ = "read"
REPLY = "reply"
BOUNCE = "bounce"
REPORT_USAGE = "report_usage"
SEND = "send"
SEND_EXTERNAL = "send_external"
FORWARD = "forward"
SEARCH_MAIL = "search_mail"
READ_ATTACHMENT = "read_attachment"
CALENDAR_READ = "calendar.read"
CALENDAR_PROPOSE = "calendar.propose"
CALENDAR_CONFIRM = "calendar.confirm"
CONTACTS_READ = "contacts.read"
INGEST_CONFLICT_NOTICE = "ingest_conflict_notice"
HANDOVER = "handover"
PROPOSE_SENDER = "propose_sender"
REQUEST_PROMOTION = "request_promotion"

IMPLIED = frozenset({READ, REPLY, BOUNCE, REPORT_USAGE})
"""What ``deliver`` grants by itself."""
ON_ITS_OWN = (SEND, SEND_EXTERNAL, SEARCH_MAIL, PROPOSE_SENDER, REQUEST_PROMOTION)
"""What can be done with no message behind it."""

SENTENCES: Mapping[str, str] = {
    READ: "Read the delivered message, its thread and its events; of attachments no more than name, type and size."
    " Implied by delivery.",
    REPLY: "Answer the author of the delivered message, in its thread. Implied by delivery.",
    BOUNCE: "Tell the author of the delivered message that it is not accepted. Implied by delivery.",
    REPORT_USAGE: "Set tokens aside for the delivered message, and say what was spent. Implied by delivery.",
    SEND: "Write a new message to somebody inside the tenant's own domains.",
    SEND_EXTERNAL: "Write a new message to somebody outside the tenant's own domains.",
    FORWARD: "Pass the delivered message on to somebody else.",
    SEARCH_MAIL: "Search the mailbox for other messages while working on this one.",
    READ_ATTACHMENT: "Read or download the delivered message's attachments.",
    CALENDAR_READ: "See when the mailbox's owner is free or busy, and what is planned.",
    CALENDAR_PROPOSE: "Propose times for a meeting; nothing is booked.",
    CALENDAR_CONFIRM: "Book, move or cancel a meeting.",
    CONTACTS_READ: "Look people up in the address book.",
    INGEST_CONFLICT_NOTICE: "Take in a notice that two appointments collide.",
    HANDOVER: "Hand the conversation over to a person.",
    PROPOSE_SENDER: "Propose that somebody may write to the mailbox; a person decides.",
    REQUEST_PROMOTION: "Ask to be let out of the sandbox; a person decides.",
}
"""Capabilities with a name of their own."""

FAMILIES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "http:": (
        re.compile(r"http:[a-z0-9][a-z0-9_.-]{0,47}", re.ASCII),
        "Call the HTTP tool of that name, as the operator set it up: http:<tool>.",
    ),
    "mcp:": (
        re.compile(r"mcp:[a-z0-9][a-z0-9_.-]{0,47}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,47}", re.ASCII),
        "Call one tool of one MCP server, as the operator set it up: mcp:<server>/<tool>.",
    ),
}
"""Capabilities that name a tool the operator has set up."""

ALIASES: Mapping[str, str] = {
    "read_calendar": CALENDAR_READ,
    "propose_meeting": CALENDAR_PROPOSE,
    "confirm_meeting": CALENDAR_CONFIRM,
}
"""Names that documents of the ``MailPolicy`` family use already; they mean the same."""


def canonical(name: str) -> str:
    """Return the name we compare by."""
    return ALIASES.get(name, name)


def is_known(name: str) -> bool:
    """Return whether we know what a policy means by ``name``. An unknown one grants nothing here; it may elsewhere."""
    return canonical(name) in SENTENCES or any(shape.fullmatch(name) for shape, _ in FAMILIES.values())


def nearest_to(name: str) -> str | None:
    """Return the known capability that an unknown name is a slip of; None where it is like none."""
    return nearest_slip(name, (*SENTENCES, *ALIASES))


def sentence_of(name: str) -> str:
    """Return what the capability lets an agent do, in one sentence; empty where the name is unknown."""
    if said := SENTENCES.get(canonical(name)):
        return said
    return next((said for shape, said in FAMILIES.values() if shape.fullmatch(name)), "")


def allows(granted: Iterable[str], wanted: str) -> bool:
    """Return whether these capabilities, as a policy spelled them, let an agent do ``wanted``."""
    return canonical(wanted) in IMPLIED or canonical(wanted) in map(canonical, granted)


def common(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    """Return what both grant, in the order and spelling of the first, each once."""
    shared = set(map(canonical, second))
    return tuple({canonical(name): name for name in reversed(tuple(first)) if canonical(name) in shared}.values())[::-1]
