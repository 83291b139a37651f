"""A real message, looked at as if it had just come, for a draft to be tried on: verified, and kept nowhere."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from msgspec.structs import replace

from gatepost import verify
from gatepost.arrive.paper import Arrived, Peer
from gatepost.decide.paper import Facts, Seen
from gatepost.decide.rules import see
from gatepost.ids import BlobId
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.verify.paper import Verified

_ORDINARY = Facts(is_first_time=False, answers_us=False, is_replayed=False)
"""What only a mailbox's past could say, as a test's mail has it where it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A message and how it came.

    Attributes:
        octets: as SMTP carries it.
        client_ip: None: nobody knows, so SPF says nothing.
        mail_from: None is the null reverse-path.
        received_at: None: now.
    """

    octets: bytes
    client_ip: IPv4Address | IPv6Address | None = None
    helo: str = ""
    mail_from: Address | None = None
    received_at: datetime | None = None


async def see_message(house: House, uploaded: Uploaded) -> Seen:
    """Return what a decision would see of it, over TLS; total. DNS and the scanners are asked."""
    raw = uploaded.octets
    arrived = Arrived.by_question(
        envelope=Envelope(uploaded.mail_from, ()),
        peer=None if uploaded.client_ip is None else Peer(uploaded.client_ip, uploaded.helo, None),
        raw=raw,
        blob=BlobId(hashlib.sha256(raw).hexdigest()),
        received_at=uploaded.received_at or house.clock(),
    )
    verified = await verify.check(arrived, house.dns, house.extractor, house.watch, own_ids=house.own_ids)
    return seen_of(verified)


def seen_of(verified: Verified) -> Seen:
    """Return what a decision would see of a message that is verified, over TLS, of an author's ordinary mail."""
    return replace(see(verified, _ORDINARY), is_encrypted=True)
