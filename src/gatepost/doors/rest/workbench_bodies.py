"""What may be asked about a draft: the draft itself, or an object that holds it beside what else the question needs."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from gatepost.decide import shape
from gatepost.decide.fixture_language import FIXTURES, MAIL
from gatepost.decide.language import check_faults
from gatepost.mail.address import Address, AddressError
from gatepost.workbench import Uploaded

ADDRESS_MAX_CHARS = 320
_ANY = {"$comment": "MailPolicy"}
POLICY = shape.Parser(lambda value, _path, _faults: value, _ANY)
"""A policy, read later, with faults of its own."""


def _base64(value: object, path: str, faults: shape.Faults) -> bytes:
    try:
        if isinstance(value, str):
            return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        pass
    faults.tell(path, "must be base64 (RFC 4648 section 4)")
    return b""


def _ip(value: object, path: str, faults: shape.Faults) -> IPv4Address | IPv6Address | None:
    try:
        if isinstance(value, str):
            return ip_address(value)
    except ValueError:
        pass
    faults.tell(path, "must be an IP address")
    return None


def _path_of(value: object, path: str, faults: shape.Faults) -> Address | None:
    if value == "":
        return None  # the null reverse-path
    try:
        if isinstance(value, str):
            return Address.parse(value)
    except (AddressError, UnicodeError):
        pass
    faults.tell(path, "must be an address, or empty")
    return None


MESSAGE = shape.object_of(
    {
        "octets": shape.Parser(_base64, {"type": "string", "format": "byte", "description": "As SMTP carries it."}),
        "clientIp": shape.Parser(_ip, {"type": "string", "description": "Whence it came; else SPF says nothing."}),
        "helo": shape.text(most=255),
        "mailFrom": shape.Parser(_path_of, {"type": "string", "maxLength": ADDRESS_MAX_CHARS}),
        "receivedAt": shape.moment,
    },
    required=("octets",),
)
"""A real message, and how it came."""

ALONE: Mapping[str, shape.Parser] = {}
EXPLAIN: Mapping[str, shape.Parser] = {"mail": MAIL, "message": MESSAGE}
TEST: Mapping[str, shape.Parser] = {"tests": FIXTURES}
DIFF: Mapping[str, shape.Parser] = {"other": POLICY}


def uploaded(message: Mapping[str, Any]) -> Uploaded:
    """Return a message as ``MESSAGE`` has read it."""
    at = message.get("receivedAt")
    return Uploaded(
        octets=message["octets"],
        client_ip=message.get("clientIp"),
        helo=message.get("helo", ""),
        mail_from=message.get("mailFrom"),
        received_at=None if at is None else datetime.fromisoformat(at),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A draft as its author wrote it, and the other members, read."""

    policy: object
    besides: Mapping[str, Any]


def read_question(document: object, besides: Mapping[str, shape.Parser]) -> Question:
    """Return what is asked: a policy alone, or an object whose member ``policy`` is one.

    No policy has a member of that name.

    Raises:
        PolicyError: another member is not what it should be.
    """
    if not isinstance(document, dict) or "policy" not in document:
        return Question(document, {})
    faults = shape.Faults()
    found: Any = _asking(besides)(document, "", faults)
    check_faults(faults)
    return Question(found.pop("policy"), found)


def _asking(besides: Mapping[str, shape.Parser]) -> shape.Parser:
    return shape.object_of({"policy": POLICY, **besides}, required=("policy",), root="body")


def described(besides: Mapping[str, shape.Parser]) -> dict[str, Any]:
    """Return the schema of a question with these members."""
    return {"anyOf": [_ANY, dict(_asking(besides).schema)]}
