"""``Arrived``: one message at one of our doors, before anybody looked into it."""

from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Self

from msgspec import Struct

from gatepost.domains.paper import Destination
from gatepost.ids import AccountId, BlobId, EmailId, KeyId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.mail.octets import Octets


class Door(StrEnum):
    """Where a message came in."""

    SMTP = "smtp"
    REST = "rest"
    HOUSE = "house"  # none: the house itself wrote it


class Direction(StrEnum):
    """Which half of the policy speaks: mail to one of our accounts, or from one."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Tls(Struct, frozen=True, gc=False):
    """What the handshake agreed on."""

    version: str
    cipher: str


class Peer(Struct, frozen=True, gc=False):
    """The SMTP client as we saw it; ``tls`` is None in the clear."""

    address: IPv4Address | IPv6Address
    helo: str
    tls: Tls | None


class Arrived(Struct, frozen=True, kw_only=True, gc=False):
    """One message at the door.

    Attributes:
        email: names this arrival for ever, whatever becomes of it.
        tenant: whose mail it is.
        account: the account it is for (inbound) or from (outbound).
        raw: the octets as received, CRLF lines, nothing added; on disk while a large message comes in.
        blob: SHA-256 of ``raw``.
        peer: the SMTP client; None where the door is not SMTP.
        submitter: the key that authenticated to submit; None for mail from strangers.
        in_reply_to: the kept email this one answers; only for outbound mail, and None where it answers nothing.
        identity: what makes a submission the same submission when repeated; None for inbound mail.
        about: the key of the address of the person that mail of the house itself is about; None for all other mail.
        said: a digest of what its writer said: under one identity only one thing can be said.
    """

    email: EmailId
    tenant: TenantId
    account: AccountId
    direction: Direction
    door: Door
    envelope: Envelope
    raw: Octets
    blob: BlobId
    received_at: datetime
    peer: Peer | None = None
    submitter: KeyId | None = None
    in_reply_to: EmailId | None = None
    identity: str | None = None
    said: str = ""
    about: str | None = None
    is_postmaster: bool = False

    @property
    def is_unruled(self) -> bool:
        """Whether it is let in whatever the policy says: mail for postmaster, and what the house itself tells."""
        return self.is_postmaster or self.door is Door.HOUSE

    @classmethod
    def by_smtp(
        cls,
        *,
        email: EmailId,
        destination: Destination,
        envelope: Envelope,
        peer: Peer,
        raw: Octets,
        blob: BlobId,
        received_at: datetime,
    ) -> Self:
        """Write the paper for mail from a stranger."""
        return cls(
            email=email,
            tenant=destination.tenant,
            account=destination.account,
            is_postmaster=destination.is_postmaster,
            direction=Direction.INBOUND,
            door=Door.SMTP,
            envelope=envelope,
            peer=peer,
            raw=raw,
            blob=blob,
            received_at=received_at,
        )

    @classmethod
    def by_question(
        cls, *, envelope: Envelope, peer: Peer | None, raw: bytes, blob: BlobId, received_at: datetime
    ) -> Self:
        """Write the paper for a message somebody asks about: read like a stranger's, and carried nowhere."""
        return cls(
            email=EmailId(""),
            tenant=TenantId(""),
            account=AccountId(0),
            direction=Direction.INBOUND,
            door=Door.SMTP,
            envelope=envelope,
            peer=peer,
            raw=raw,
            blob=blob,
            received_at=received_at,
        )

    @classmethod
    def by_house(
        cls,
        *,
        email: EmailId,
        tenant: TenantId,
        account: AccountId,
        recipient: Address,
        about: str,
        raw: bytes,
        blob: BlobId,
        received_at: datetime,
    ) -> Self:
        """Write the paper for what the house itself tells an account, under the null reverse-path."""
        return cls(
            email=email,
            tenant=tenant,
            account=account,
            direction=Direction.INBOUND,
            door=Door.HOUSE,
            envelope=Envelope(None, (recipient,)),
            about=about,
            raw=raw,
            blob=blob,
            received_at=received_at,
        )

    @classmethod
    def by_letter(
        cls,
        *,
        email: EmailId,
        tenant: TenantId,
        account: AccountId,
        author: Address,
        recipients: tuple[Address, ...],
        submitter: KeyId,
        identity: str,
        said: str,
        raw: bytes,
        blob: BlobId,
        received_at: datetime,
    ) -> Self:
        """Write the paper for a submitted message that answers nothing."""
        return cls(
            email=email,
            tenant=tenant,
            account=account,
            direction=Direction.OUTBOUND,
            door=Door.REST,
            envelope=Envelope(author, recipients),
            submitter=submitter,
            identity=identity,
            said=said,
            raw=raw,
            blob=blob,
            received_at=received_at,
        )

    @classmethod
    def by_submission(
        cls,
        *,
        email: EmailId,
        tenant: TenantId,
        account: AccountId,
        author: Address,
        recipient: Address,
        is_notice: bool,
        submitter: KeyId,
        in_reply_to: EmailId,
        identity: str,
        said: str = "",
        raw: bytes,
        blob: BlobId,
        received_at: datetime,
    ) -> Self:
        """Write the paper for a message an authenticated agent or person submits.

        A notice (a bounce) travels under the null reverse-path (RFC 5321 section 4.5.5).
        """
        return cls(
            email=email,
            tenant=tenant,
            account=account,
            direction=Direction.OUTBOUND,
            door=Door.REST,
            envelope=Envelope(None if is_notice else author, (recipient,)),
            submitter=submitter,
            in_reply_to=in_reply_to,
            identity=identity,
            said=said,
            raw=raw,
            blob=blob,
            received_at=received_at,
        )
