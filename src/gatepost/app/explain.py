"""Look at one message as the SMTP door would, and carry it nowhere: the same stage, the same verdicts."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from gatepost import verify
from gatepost.app.build import clock, entropy, own_ids_under, ways_of
from gatepost.app.scanners import watch
from gatepost.arrive import Limits
from gatepost.arrive.content import REPLIES, Inspection
from gatepost.arrive.paper import Arrived, Peer
from gatepost.dns.paper import Resolver
from gatepost.ids import BlobId
from gatepost.keys import KeyringError, KeyStore
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.mail.own_ids import NO_IDS, OwnIds
from gatepost.settings import Settings
from gatepost.verify.attached import TextReader
from gatepost.verify.extract import Extractor
from gatepost.verify.paper import Verified
from gatepost.verify.scan import NO_WATCH, Watch

_BARE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the file of a message does not say: how it came.

    Attributes:
        client_ip: None: nobody knows, so there is no SPF verdict.
        mail_from: None is the null reverse-path.
    """

    client_ip: IPv4Address | IPv6Address | None = None
    helo: str = ""
    mail_from: Address | None = None
    rcpt_to: tuple[Address, ...] = ()


def on_the_wire(octets: bytes) -> bytes:
    """Return a message as SMTP carries it: a file kept with bare LF has its CRLF back, any other stays as it is."""
    return octets if b"\r\n" in octets else _BARE_LF.sub(b"\r\n", octets)


def refusal(raw: bytes, limits: Limits) -> str:
    """Return the reply with which the SMTP door refuses such octets unread; empty where it takes them."""
    inspection = Inspection(limits)
    inspection.see(raw)
    inspection.end()
    if inspection.flaw is None:
        return ""
    said = REPLIES[inspection.flaw]
    return f"{said.code} {said.enhanced} {said.text}"


async def look(
    raw: bytes,
    came: Circumstances,
    resolver: Resolver,
    *,
    at: datetime,
    reader: TextReader | None = None,
    watching: Watch = NO_WATCH,
    own_ids: OwnIds = NO_IDS,
) -> Verified:
    """Return the message with its evidence; total.

    Args:
        raw: as SMTP carries it.
        came: what the file does not say.
        resolver: whom to ask.
        at: when it came; signatures may have expired by then.
        reader: reads attached files; None leaves them unread.
        watching: scanners and canaries.
        own_ids: knows our own Message-IDs.
    """
    peer = None if came.client_ip is None else Peer(came.client_ip, came.helo, None)
    arrived = Arrived.by_question(
        envelope=Envelope(came.mail_from, came.rcpt_to),
        peer=peer,
        raw=raw,
        blob=BlobId(hashlib.sha256(raw).hexdigest()),
        received_at=at,
    )
    return await verify.check(arrived, resolver, reader, watching, own_ids=own_ids)


def own_ids_of(settings: Settings) -> OwnIds | None:
    """Return what knows the house's own Message-IDs; None where no key store lies that we may read."""
    try:
        keys = KeyStore.open_existing(settings.state / "keys", entropy)
    except (KeyringError, OSError):
        return None
    try:
        return own_ids_under(keys)
    finally:
        keys.close()


async def look_with(settings: Settings, raw: bytes, came: Circumstances, own_ids: OwnIds) -> Verified:
    """Look at a message with the resolver and the scanners that the house would ask.

    Raises:
        SettingsError: a setting cannot be used.
    """
    ways = ways_of(settings, "")
    watching, reader = watch(settings, ways.egress), Extractor()
    async with ways.resolver as resolver:
        try:
            return await look(raw, came, resolver, at=clock(), reader=reader, watching=watching, own_ids=own_ids)
        finally:
            await reader.close()
