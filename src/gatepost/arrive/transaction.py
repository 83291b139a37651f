"""One mail transaction under way (RFC 5321 section 3.3): from MAIL to the last octet. No I/O."""

from dataclasses import dataclass, field
from typing import Self

from gatepost.arrive import reply
from gatepost.arrive.command import Bdat
from gatepost.arrive.content import Inspection
from gatepost.arrive.events import Nobody, NotYet, RecipientAnswer, Unsettled
from gatepost.arrive.limits import Limits
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.domains.paper import Destination
from gatepost.ids import TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope


@dataclass(slots=True)
class Transaction:
    """What MAIL and RCPT have agreed upon so far.

    Attributes:
        recipients: by comparison key, in envelope order: who is named twice gets one copy.
        destination: the first recipient's; all others must share it, for one DATA has one answer.
        inspection: set once content comes in.
        asked_count: RCPT commands so far, whatever came of them.
    """

    sender: Address | None
    is_smtputf8: bool
    recipients: dict[str, Address] = field(default_factory=dict)
    destination: Destination | None = None
    inspection: Inspection | None = None
    asked_count: int = 0

    @property
    def tenant(self) -> TenantId | None:
        """Whose mail it is, once a recipient told."""
        return self.destination.tenant if self.destination else None

    @property
    def size_octets(self) -> int:
        """How much content has come in."""
        return self.inspection.size_octets if self.inspection else 0

    @property
    def envelope(self) -> Envelope:
        """The envelope as it stands."""
        return Envelope(self.sender, tuple(self.recipients.values()))

    def add(self, recipient: Address, answer: RecipientAnswer) -> tuple[Reply, TenantId | None, Refusal | None]:
        """Take a recipient in, or not: the reply, whose it would have been, and why not."""
        match answer:
            case Unsettled():
                return reply.TRY_AGAIN, None, Refusal.RECIPIENT_UNSETTLED
            case NotYet():
                return reply.NOT_YET, None, Refusal.HOUSE_EMPTY
            case Nobody(tenant=None):
                return reply.RELAY_DENIED, None, Refusal.RELAY_DENIED
            case Nobody(tenant=tenant):
                return reply.RECIPIENT_UNKNOWN, tenant, Refusal.RECIPIENT_UNKNOWN
            case Destination() if self.destination is not None and self.destination != answer:
                return reply.OTHER_TRANSACTION, answer.tenant, Refusal.RECIPIENT_OTHER_POLICY
            case Destination():
                self.destination = answer
                self.recipients.setdefault(recipient.key, recipient)
                return reply.RECIPIENT_OK, answer.tenant, None


@dataclass(slots=True)
class Chunk:
    """One BDAT chunk on its way in (RFC 3030 section 2); ``failure`` is set where it is only to be swallowed."""

    size_octets: int
    is_last: bool
    failure: Reply | None = None
    refusal: Refusal | None = None
    left_octets: int = 0

    @classmethod
    def of(cls, bdat: Bdat, transaction: Transaction | None, limits: Limits) -> Self:
        """Judge a chunk before its first octet: in sequence, with recipients, and not beyond the size limit."""
        chunk = cls(bdat.size_octets, bdat.is_last, left_octets=bdat.size_octets)
        if transaction is None:
            chunk.failure = reply.BAD_SEQUENCE
        elif transaction.destination is None:
            chunk.failure = reply.NO_RECIPIENTS
        elif transaction.size_octets + bdat.size_octets > limits.size_max_octets:
            chunk.failure, chunk.refusal = reply.TOO_BIG, Refusal.SIZE_EXCEEDED
        return chunk
