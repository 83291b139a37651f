"""Did a machine send it? RFC 3834, and the markers that came before it or beside it. Evidence, never judgement."""

import re
from collections.abc import Iterable
from functools import lru_cache

from gatepost.mail.fields import Field, Header
from gatepost.mail.own_ids import OwnIds
from gatepost.verify.paper import AutoMail, Marker

_KEYWORD = re.compile(r"[A-Za-z0-9\-]{1,40}")
_PRECEDENCES = {"bulk": Marker.BULK, "junk": Marker.BULK, "list": Marker.LIST, "auto_reply": Marker.RESPONDER}
_PRESENT = {
    b"list-id": Marker.LIST, b"list-post": Marker.LIST, b"mailing-list": Marker.LIST, b"x-mailing-list": Marker.LIST,
    b"list-unsubscribe": Marker.SUBSCRIPTION, b"feedback-id": Marker.SUBSCRIPTION,
    b"x-autoreply": Marker.RESPONDER, b"x-autorespond": Marker.RESPONDER, b"x-autoreply-from": Marker.RESPONDER,
    b"x-mail-autoreply": Marker.RESPONDER, b"x-loop": Marker.RESPONDER, b"delivered-to-autoresponder": Marker.RESPONDER,
    b"x-failed-recipients": Marker.BOUNCE, b"x-ms-exchange-generated-message-source": Marker.EXCHANGE,
    b"x-ms-exchange-inbox-rules-loop": Marker.EXCHANGE,
}  # fmt: skip
"""Fields whose presence is the marker, whatever they say."""


_WORDS = frozenset({b"auto-submitted", b"precedence", b"x-auto-response-suppress"})
"""Fields whose words matter."""


@lru_cache(maxsize=256)
def _by_a_person(hops: int) -> AutoMail:
    """Return what most mail comes to."""
    return AutoMail(hops=hops)


def read(
    header: Header, *, is_null_sender: bool, message_id: str, references: Iterable[str], own_ids: OwnIds
) -> AutoMail:
    """Read every marker; total.

    Args:
        header: the message's.
        is_null_sender: the envelope had the null reverse-path, as bounces have (RFC 5321 section 4.5.5).
        message_id: its Message-ID, and ``references`` those it answers, without angle brackets.
        references: see there.
        own_ids: recognises the Message-IDs that we wrote, and no imitation.
    """
    hops = len(header.all(b"received"))
    is_own = own_ids.is_own(message_id)
    own_references = len(set(filter(own_ids.is_own, references))) if references else 0
    is_report = _is_report(header.first(b"content-type"))
    told = header.named.keys()
    if told.isdisjoint(_PRESENT) and told.isdisjoint(_WORDS) and not (is_null_sender or is_report or is_own):
        return AutoMail(hops=hops, own_references=own_references) if own_references else _by_a_person(hops)
    keyword = _auto_submitted(header)
    markers = {_PRESENT[name] for name in _PRESENT.keys() & told}
    if is_null_sender:
        markers.add(Marker.NULL_SENDER)
    if keyword != "no":
        markers.add(Marker.AUTO_SUBMITTED)
    precedence = _word(header, b"precedence")
    if precedence in _PRECEDENCES:
        markers.add(_PRECEDENCES[precedence])
    if _word(header, b"x-auto-response-suppress") not in {"", "none"}:
        markers.add(Marker.EXCHANGE)
    if is_report:
        markers.add(Marker.BOUNCE)
    return AutoMail(
        keyword=keyword,
        markers=tuple(sorted(markers)) if markers else (),
        hops=hops,
        is_own=is_own,
        own_references=own_references,
    )


def _is_report(field: Field | None) -> bool:
    if field is None or b"report" not in field.raw.lower():
        return False
    return field.text.lower().partition(";")[0].strip() == "multipart/report"


def _word(header: Header, name: bytes) -> str:
    field = header.first(name)
    return "" if field is None else field.text.strip().lower()


def _auto_submitted(header: Header) -> str:
    """Return the Auto-Submitted keyword in lower case (RFC 3834 section 5.1); one that cannot be read is automatic."""
    field = header.first(b"auto-submitted")
    if field is None:
        return "no"
    keyword = _KEYWORD.match(field.text)
    return keyword[0].lower() if keyword else "auto-generated"
