"""What the SMTP session tells the server, and what the server answers it. Values only."""

from dataclasses import dataclass

from gatepost.arrive.refusals import Refusal
from gatepost.domains.paper import Destination
from gatepost.ids import TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope


@dataclass(frozen=True, slots=True)
class Send:
    """Write these octets to the client."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class AskRecipient:
    """Where does this address lead? The session waits for ``recipient_answered``. None: the bare ``postmaster``."""

    address: Address | None


@dataclass(frozen=True, slots=True)
class Content:
    """The next octets of the message, to be kept until ``AskMessage`` or ``Discard``."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Discard:
    """The message will never be whole: forget its content."""


@dataclass(frozen=True, slots=True)
class AskMessage:
    """The message is whole. The session waits for ``message_answered``."""

    envelope: Envelope
    destination: Destination
    helo: str


@dataclass(frozen=True, slots=True)
class StartTls:
    """Shake hands now, then say ``tls_started``; whatever the client sent before that is void."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A mail was turned away before a decision; ``tenant`` None where it was for nobody of ours."""

    tenant: TenantId | None
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Close:
    """The conversation is over."""


Event = Send | AskRecipient | Content | Discard | AskMessage | StartTls | Refused | Close


@dataclass(frozen=True, slots=True)
class Nobody:
    """The address leads nowhere. ``tenant`` answers for its domain; None: the domain is not ours."""

    tenant: TenantId | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """The look-up failed; a later attempt may know."""


RecipientAnswer = Destination | Nobody | Unsettled
