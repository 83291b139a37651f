"""RFC 5424 messages in octet-counted frames (RFC 5425 section 4.3). Pure.

Nothing is ever acknowledged but by TCP: what that has taken over counts as sent.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from gatepost.egress import read_url
from gatepost.upkeep.siem.paper import Event, Limits

PORT = 6514
PRIORITY = 13 * 8 + 6
"""Facility log audit, severity informational (RFC 5424 section 6.2.1)."""

SD_ID = "gatepost@32473"
"""The enterprise number is the one for documentation (RFC 5612): Gatepost has none of its own yet."""

LIMITS = Limits(events=500, batch_octets=1_000_000, event_octets=8192)
"""A receiver should take 8,192 octets (RFC 5425 section 4.3.1) and may cut what is longer."""

_BOM = b"\xef\xbb\xbf"
_EXPECTED = "a syslog destination is tls://host, with a port where it is not 6514"


def read_place(url: str) -> tuple[str, int]:
    """Return host and port of ``tls://host:6514``.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = read_url(url, ("tls",))
    except ValueError as error:
        raise ValueError(_EXPECTED) from error
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(_EXPECTED)
    return parts.host, parts.port or PORT


def message(event: Event, write: Callable[[Event], Mapping[str, Any]]) -> bytes:
    """Return one message: the marks as structured data, the entry as JSON in UTF-8 with its mark."""
    host = _printable(event.log_origin.partition("/")[0], 255)
    marks = " ".join(f'{name}="{escaped(str(value))}"' for name, value in event.marks.items())
    action = _printable(str(event.leaf["action"]), 32)
    head = f"<{PRIORITY}>1 {event.leaf['ts']} {host} gatepost - {action} [{SD_ID} {marks}] "
    return head.encode() + _BOM + orjson.dumps(write(event))


def frame(octets: bytes) -> bytes:
    """Return a message behind its length."""
    return b"%d %s" % (len(octets), octets)


def escaped(value: str) -> str:
    r"""Escape ``"``, ``\`` and ``]`` in a parameter's value (RFC 5424 section 6.3.3)."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def _printable(text: str, most: int) -> str:
    """Return a header field: printable ASCII without spaces; the nil value where nothing is left."""
    return "".join(each for each in text if "!" <= each <= "~")[:most] or "-"
