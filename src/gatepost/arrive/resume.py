"""An arrival written down where it has to wait, and read back: all but its octets. Pure."""

from datetime import datetime
from ipaddress import ip_address
from typing import Any

from gatepost.arrive.paper import Arrived, Direction, Door, Peer, Tls
from gatepost.ids import AccountId, BlobId, EmailId, KeyId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope


def spell(arrived: Arrived) -> dict[str, Any]:
    """Return what JSON can say of an arrival."""
    envelope, peer = arrived.envelope, arrived.peer
    return {
        "email": arrived.email,
        "tenant": arrived.tenant,
        "account": arrived.account,
        "direction": arrived.direction.value,
        "door": arrived.door.value,
        "mail_from": _pair(envelope.mail_from) if envelope.mail_from else None,
        "rcpt_to": [_pair(each) for each in envelope.rcpt_to],
        "blob": arrived.blob,
        "received_at": arrived.received_at.isoformat(),
        "peer": None if peer is None else [str(peer.address), peer.helo, _tls(peer.tls)],
        "submitter": arrived.submitter,
        "in_reply_to": arrived.in_reply_to,
        "identity": arrived.identity,
        "said": arrived.said,
        "is_postmaster": arrived.is_postmaster,
    }


def _pair(address: Address) -> list[str]:
    return [address.local, address.domain]


def _tls(tls: Tls | None) -> list[str] | None:
    return None if tls is None else [tls.version, tls.cipher]


def read(spelled: dict[str, Any], raw: bytes) -> Arrived:
    """Return the arrival that was spelled so, with its octets."""
    mail_from, peer = spelled["mail_from"], spelled["peer"]
    return Arrived(
        email=EmailId(spelled["email"]),
        tenant=TenantId(spelled["tenant"]),
        account=AccountId(spelled["account"]),
        direction=Direction(spelled["direction"]),
        door=Door(spelled["door"]),
        envelope=Envelope(
            Address(*mail_from) if mail_from else None, tuple(Address(*each) for each in spelled["rcpt_to"])
        ),
        raw=raw,
        blob=BlobId(spelled["blob"]),
        received_at=datetime.fromisoformat(spelled["received_at"]),
        peer=Peer(ip_address(peer[0]), peer[1], Tls(*peer[2]) if peer[2] else None) if peer else None,
        submitter=KeyId(spelled["submitter"]) if spelled["submitter"] else None,
        in_reply_to=EmailId(spelled["in_reply_to"]) if spelled["in_reply_to"] else None,
        identity=spelled["identity"],
        said=spelled.get("said", ""),
        is_postmaster=spelled["is_postmaster"],
    )
