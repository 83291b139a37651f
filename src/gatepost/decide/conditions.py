"""What a rule may ask of a message besides its author's name: ``when``. Pure.

A condition answers yes, no, or None where the evidence cannot say. What cannot be known counts against the message: a
rule that delivers speaks only if all its conditions say yes, a rule that does anything else unless one of them says no.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gatepost.decide import shape
from gatepost.decide.file_types import type_or_end
from gatepost.decide.hours import WorkingHours
from gatepost.decide.paper import Seen
from gatepost.decide.shape import Parser
from gatepost.verify.paper import UNSEEN, Attachment, Extraction, Family, Language, ScanResult, Technique

TYPES_MAX = 64
_UNREAD = frozenset(
    {Extraction.ENCRYPTED, Extraction.MALFORMED, Extraction.TOO_LARGE, Extraction.TIMEOUT, Extraction.CRASHED}
)


Ask = Callable[[Seen, Any], bool | None]
"""One condition: the message, and what the document wants to hear."""


def _injection_score(seen: Seen, bounds: Mapping[str, int]) -> bool:
    score = round(seen.evidence.injection.score * 1_000)  # as the entry tells it, so that a replay compares the same
    return is_within(score, bounds)


def _injection_families(seen: Seen, families: list[str]) -> bool:
    return any(family in families for family in seen.evidence.injection.families)


def _hidden_text(seen: Seen, wanted: bool) -> bool | None:  # noqa: FBT001  # the document's own value
    return _spans(seen, UNSEEN, is_wanted=wanted)


def _techniques(seen: Seen, techniques: list[str]) -> bool | None:
    return _spans(seen, frozenset(map(Technique, techniques)), is_wanted=True)


def _spans(seen: Seen, techniques: frozenset[Technique], *, is_wanted: bool) -> bool | None:
    reading = seen.evidence.content.reading
    if any(span.technique in techniques for span in reading.spans):
        return is_wanted
    return None if reading.is_cut or reading.is_malformed else not is_wanted


def _attachments(seen: Seen) -> tuple[Attachment, ...]:
    return seen.evidence.content.reading.attachments


def _has_attachments(seen: Seen, wanted: bool) -> bool | None:  # noqa: FBT001  # the document's own value
    if _attachments(seen):
        return wanted
    return None if seen.evidence.content.reading.is_malformed else not wanted


def _attachment_types(seen: Seen, types: list[str]) -> bool | None:
    """Answer yes where one is surely of the types; what is so by one sign, and not by another, cannot be known."""
    if any(each.file.is_surely(types) for each in _attachments(seen)):
        return True
    is_unknown = seen.evidence.content.reading.is_malformed or any(
        each.file.may_be(types) for each in _attachments(seen)
    )
    return None if is_unknown else False


def _other_attachment_types(seen: Seen, types: list[str]) -> bool | None:
    """Answer yes where one is of none of the types by any sign, no where all surely are of one."""
    if any(not each.file.may_be(types) for each in _attachments(seen)):
        return True
    is_known = not seen.evidence.content.reading.is_malformed and all(
        each.file.is_surely(types) for each in _attachments(seen)
    )
    return False if is_known else None


def _attachment_octets(seen: Seen, bounds: Mapping[str, int]) -> bool:
    return is_within(sum(each.size_octets for each in _attachments(seen)), bounds)


def _attachments_unread(seen: Seen, wanted: bool) -> bool:  # noqa: FBT001  # the document's own value
    return any(each.extraction in _UNREAD for each in _attachments(seen)) is wanted


def _octets(seen: Seen, bounds: Mapping[str, int]) -> bool:
    return is_within(seen.size_octets, bounds)


def is_within(count: int, bounds: Mapping[str, int]) -> bool:
    """Tell whether a count lies within all the bounds that there are."""
    is_over = bounds.get("over", -1) < count >= bounds.get("atLeast", 0)
    return is_over and count <= bounds.get("atMost", count) and count < bounds.get("below", count + 1)


def _automatic(seen: Seen, wanted: bool) -> bool:  # noqa: FBT001  # the document's own value
    return seen.evidence.auto.is_automatic is wanted


def _tls(seen: Seen, wanted: bool) -> bool:  # noqa: FBT001  # the document's own value
    return seen.is_encrypted is wanted


def _language(seen: Seen, languages: list[str]) -> bool | None:
    """Ask for the language; that it is none we know is an answer of its own, that not all could be read is none."""
    reading, language = seen.evidence.content.reading, seen.evidence.language
    return None if language is None or reading.is_cut or reading.is_malformed else language in languages


def _scans(seen: Seen, results: list[str]) -> bool:
    return any(scan.result in results for scan in seen.evidence.scans)


def _working_hours(seen: Seen, wanted: tuple[WorkingHours, str]) -> bool:
    hours, side = wanted
    return hours.include(seen.received_at) is (side == "inside")


def _first_time(seen: Seen, wanted: bool) -> bool | None:  # noqa: FBT001  # the document's own value
    return None if seen.facts.is_first_time is None else seen.facts.is_first_time is wanted


def _answers_us(seen: Seen, wanted: bool) -> bool | None:  # noqa: FBT001  # the document's own value
    return None if seen.facts.answers_us is None else seen.facts.answers_us is wanted


def _list(seen: Seen, wanted: str) -> bool:
    return seen.evidence.content.list_id == wanted


def _replayed(seen: Seen, wanted: bool) -> bool | None:  # noqa: FBT001  # the document's own value
    return None if seen.facts.is_replayed is None else seen.facts.is_replayed is wanted


TYPES = shape.list_of(type_or_end, least=1, most=TYPES_MAX)
"""Accepts what a file's kind is compared with: ``application/pdf``, ``image/*``, a name's end ``.pdf``."""
_BOUNDS = shape.object_of({"over": shape.integer(least=0), "atMost": shape.integer(least=0)}, least=1)

_CONDITIONS: Mapping[str, tuple[Parser, Ask]] = {
    "injectionScore": (
        shape.object_of({"atLeast": shape.thousandths, "below": shape.thousandths}, least=1),
        _injection_score,
    ),
    "injectionFamilies": (shape.list_of(shape.word(*Family), least=1, most=len(Family)), _injection_families),
    "hiddenText": (shape.boolean, _hidden_text),
    "techniques": (shape.list_of(shape.word(*Technique), least=1, most=len(Technique)), _techniques),
    "hasAttachments": (shape.boolean, _has_attachments),
    "attachmentTypes": (TYPES, _attachment_types),
    "otherAttachmentTypes": (TYPES, _other_attachment_types),
    "attachmentOctets": (_BOUNDS, _attachment_octets),
    "unreadAttachments": (shape.boolean, _attachments_unread),
    "messageOctets": (_BOUNDS, _octets),
    "automatic": (shape.boolean, _automatic),
    "tls": (shape.boolean, _tls),
    "scans": (shape.list_of(shape.word(*ScanResult), least=1, most=len(ScanResult)), _scans),
    "language": (shape.list_of(shape.word(*Language), least=1, most=len(Language)), _language),
    "workingHours": (shape.word("inside", "outside"), _working_hours),
    "firstTime": (shape.boolean, _first_time),
    "replayed": (shape.boolean, _replayed),
}
FIELDS = shape.object_of({name: parser for name, (parser, _) in _CONDITIONS.items()})
"""What ``when`` may hold."""

ANSWERS_US, LIST = "answersUs", "list"
_MATCHES: Mapping[str, Ask] = {ANSWERS_US: _answers_us, LIST: _list}
"""What ``match`` may ask besides the author's name."""
_ASKS = {**{name: ask for name, (_, ask) in _CONDITIONS.items()}, **_MATCHES}

COUNTED = frozenset({"firstTime", ANSWERS_US, "replayed"})
"""Conditions whose answer only the database knows."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One member of ``when``, or one of ``match`` that asks for more than a name."""

    name: str
    wanted: Any

    def ask(self, seen: Seen) -> bool | None:
        """Ask it of one message."""
        return _ASKS[self.name](seen, self.wanted)

    def holds(self, seen: Seen, *, delivers: bool) -> bool:
        """Tell whether it lets its rule speak; see this module's own words on what cannot be known."""
        answer = self.ask(seen)
        return answer is True if delivers else answer is not False


def compile_conditions(normal: Mapping[str, Any], hours: WorkingHours | None) -> tuple[Condition, ...]:
    """Return the conditions that ``FIELDS`` has read; ``hours`` are the policy's own."""
    return tuple(
        Condition(name, (hours, wanted) if name == "workingHours" else wanted) for name, wanted in normal.items()
    )
