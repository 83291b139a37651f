"""The ``outbound`` member of a policy: what may leave, to whom, how often. Parsed and compiled once, pure.

``docs/outbound.md`` tells operators what each field means.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatepost.decide import party, shape
from gatepost.decide.file_types import media_type
from gatepost.decide.guards import Pattern, compile_pattern
from gatepost.decide.paper import Counted, Disposition, Wait
from gatepost.decide.party import BELOW
from gatepost.decide.shape import Faults, Parser
from gatepost.decide.waiting import WAIT, compile_wait
from gatepost.mail.address import Address

PARTIES_MAX = 5_000
GROUPS_MAX = 100
MARKS_MAX = 100
MARK_MIN_CHARS = 8
"""A shorter mark stands in honest mail too."""
TYPES_MAX = 100
NAME_MAX_CHARS = 64
FOOTER_MAX_CHARS = 2_000


class Stop(StrEnum):
    """A gate that a policy arms with what shall become of the message; its name in the document."""

    EXTERNAL = "external"
    FIRST_CONTACT = "firstContact"
    SECRETS = "secrets"
    CARD_NUMBERS = "cardNumbers"
    IBANS = "ibans"
    CANARIES = "canaries"
    OTHER_CORRESPONDENTS = "otherCorrespondents"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many in windows that slide; None is no limit, 0 is none at all."""

    hour: int | None = None
    day: int | None = None

    def is_passed(self, counts: Counted) -> bool:
        """Tell whether there are more than it allows."""
        is_hour = self.hour is not None and counts.hour > self.hour
        return is_hour or (self.day is not None and counts.day > self.day)


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who may be written to; ``parties`` are address keys, domains, and ``*.`` before domains.

    ``is_closed``: ``thread: false`` is written out, so that nobody is answered is meant.
    """

    parties: frozenset[str]
    thread: bool
    contacts: bool
    is_closed: bool = field(default=False, compare=False)

    def name(self, address: Address) -> bool:
        """Tell whether an address, its domain or one above is listed; the same work for any length of the list."""
        labels = address.domain.split(".")
        above = (BELOW + ".".join(labels[start:]) for start in range(1, len(labels)))
        return any(each in self.parties for each in (address.key, address.domain, *above))


@dataclass(frozen=True, slots=True)
class Attachments:
    """What may be attached; None is no limit.

    Attributes:
        types: media types in lower case; ``image/*`` stands for all of a kind.
        names: of whole file names.
        octets: of each file, decoded.
        count: of files.
        otherwise: what becomes of a message that has another.
    """

    types: frozenset[str] | None
    names: tuple[Pattern, ...] | None
    octets: int | None
    count: int | None
    otherwise: Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundPolicy:
    """A compiled ``outbound``.

    Attributes:
        recipients: None: whoever the house's own rules allow, which is whom a message answers.
        to_machines: what becomes of an answer to automatic mail (RFC 3834).
        replies: None: the house's own brake.
        marks: canaries of this policy, besides those of the house.
        wait: for what is held; None where the policy does not say.
    """

    recipients: Recipients | None = None
    recipients_max: int | None = None
    to_machines: Disposition = Disposition.REJECT
    stops: Mapping[Stop, Disposition] = field(default_factory=lambda: {Stop.CANARIES: Disposition.REJECT}, hash=False)
    per_recipient: Limit = Limit()
    per_domain: Limit = Limit()
    per_agent: Limit = Limit()
    replies: Limit | None = None
    attachments: Attachments | None = None
    marks: tuple[str, ...] = ()
    footer: str = ""
    wait: Wait | None = None

    def stop(self, name: Stop) -> Disposition:
        """Return what becomes of a message in which that gate finds what it looks for."""
        return self.stops.get(name, Disposition.DELIVER)


def _footer(value: object, path: str, faults: Faults) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= FOOTER_MAX_CHARS:
        faults.tell(path, f"must be text of 1 to {FOOTER_MAX_CHARS} characters")
        return ""
    lines = value.strip().splitlines()
    if not all(map(shape.is_plain, lines)):
        faults.tell(path, "must have no control characters but line ends")
    return "\n".join(line.rstrip() for line in lines)


_MARK_TEXT = shape.text(most=200)


def _mark(value: object, path: str, faults: Faults) -> str:
    told = len(faults.told)
    found = str(_MARK_TEXT(value, path, faults))
    if len(faults.told) == told and sum(map(str.isalnum, found)) < MARK_MIN_CHARS:
        faults.tell(path, f"must have at least {MARK_MIN_CHARS} letters or digits")
    return found


_COUNT = shape.integer(least=0)
_STOP = shape.word(Disposition.DELIVER, Disposition.HOLD, Disposition.REJECT, weak=(Disposition.DELIVER,))
_LIMIT = shape.object_of({"perHour": _COUNT, "perDay": _COUNT})
_NAME = shape.text(most=NAME_MAX_CHARS)
_MARK = Parser(_mark, _MARK_TEXT.schema)
_FOOTER = Parser(
    _footer, {"type": "string", "maxLength": FOOTER_MAX_CHARS, "description": "the lines that end each message"}
)
OUTBOUND = shape.object_of(
    {
        "recipients": shape.object_of(
            {
                "addresses": shape.list_of(party.listed_address, most=PARTIES_MAX),
                "domains": shape.list_of(party.domain_pattern, most=PARTIES_MAX),
                "groups": shape.list_of(_NAME, most=GROUPS_MAX),
                "thread": shape.boolean,
                "contacts": shape.boolean,
            }
        ),
        "recipientsPerMessage": shape.integer(least=1),
        "external": _STOP,
        "firstContact": _STOP,
        "toMachines": _STOP,
        "rateLimit": shape.object_of({"perRecipient": _LIMIT, "perDomain": _LIMIT, "perAgent": _LIMIT}),
        "repliesPerThread": _LIMIT,
        "attachments": shape.object_of(
            {
                "types": shape.list_of(media_type, most=TYPES_MAX),
                "names": shape.list_of(_NAME, most=TYPES_MAX),
                "octetsAtMost": _COUNT,
                "filesAtMost": _COUNT,
                "otherwise": _STOP,
            }
        ),
        "secrets": _STOP,
        "cardNumbers": _STOP,
        "ibans": _STOP,
        "canaries": _STOP,
        "canaryMarks": shape.list_of(_MARK, most=MARKS_MAX),
        "otherCorrespondents": _STOP,
        "footer": _FOOTER,
        "hold": WAIT,
    }
)
"""Reads the member into its normal form, where what is absent stays absent."""


def check_groups(found: Mapping[str, Any], groups: Mapping[str, object], faults: Faults, told: Collection[str]) -> None:
    """Tell which groups an ``outbound`` names that the policy does not have, but for places ``told`` of already."""
    for index, name in enumerate(found.get("recipients", {}).get("groups", ())):
        place = f"outbound.recipients.groups[{index}]"
        if place not in told:
            shape.check_name(name, groups, place, faults)


def compile_outbound(normal: Mapping[str, Any], groups: Mapping[str, list[str]]) -> OutboundPolicy:
    """Return what ``OUTBOUND`` has read; ``groups`` are the policy's own."""
    rate = normal.get("rateLimit", {})
    stops = {name: Disposition(normal[name]) for name in Stop if name in normal}
    return OutboundPolicy(
        recipients=_recipients(normal["recipients"], groups) if "recipients" in normal else None,
        recipients_max=normal.get("recipientsPerMessage"),
        to_machines=Disposition(normal.get("toMachines", Disposition.REJECT)),
        stops={Stop.CANARIES: Disposition.REJECT, **stops},
        per_recipient=_limit(rate.get("perRecipient", {})),
        per_domain=_limit(rate.get("perDomain", {})),
        per_agent=_limit(rate.get("perAgent", {})),
        replies=_limit(normal["repliesPerThread"]) if "repliesPerThread" in normal else None,
        attachments=_attachments(normal["attachments"]) if "attachments" in normal else None,
        marks=tuple(normal.get("canaryMarks", ())),
        footer=normal.get("footer", ""),
        wait=compile_wait(normal.get("hold")),
    )


def _recipients(normal: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Recipients:
    listed = (each for name in normal.get("groups", ()) for each in groups[name])
    return Recipients(
        parties=frozenset((*normal.get("addresses", ()), *normal.get("domains", ()), *listed)),
        thread=normal.get("thread", False),
        contacts=normal.get("contacts", False),
        is_closed=normal.get("thread") is False,
    )


def _limit(normal: Mapping[str, Any]) -> Limit:
    return Limit(normal.get("perHour"), normal.get("perDay"))


def _attachments(normal: Mapping[str, Any]) -> Attachments:
    return Attachments(
        types=frozenset(normal["types"]) if "types" in normal else None,
        names=tuple(map(_name_pattern, normal["names"])) if "names" in normal else None,
        octets=normal.get("octetsAtMost"),
        count=normal.get("filesAtMost"),
        otherwise=Disposition(normal.get("otherwise", Disposition.REJECT)),
    )


_WILD = {"*": r"[\s\S]*", "?": r"[\s\S]"}


def _name_pattern(name: str) -> Pattern:
    """Return what a file name must look like: ``*`` stands for any characters, ``?`` for one; case does not count."""
    body = "".join(_WILD.get(char) or (char if char.isalnum() else f"\\u{{{ord(char):X}}}") for char in name)
    return compile_pattern(f"(?i)^{body}$")
