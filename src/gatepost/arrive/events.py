"""What the SMTP session tells the server, and what the server answers it. Values only."""

from msgspec import Struct

from gatepost.arrive.refusals import Refusal
from gatepost.domains.paper import Destination
from gatepost.ids import TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope


class Send(Struct, frozen=True, gc=False):
    """Write these octets to the client."""

    octets: bytes


class AskRecipient(Struct, frozen=True, gc=False):
    """Where does this address lead? The session waits for ``recipient_answered``. None: the bare ``postmaster``."""

    address: Address | None


class Content(Struct, frozen=True, gc=False):
    """The next octets of the message, to be kept until ``AskMessage`` or ``Discard``."""

    octets: bytes


class Discard(Struct, frozen=True, gc=False):
    """The message will never be whole: forget its content."""


class AskMessage(Struct, frozen=True, gc=False):
    """The message is whole. The session waits for ``message_answered``."""

    envelope: Envelope
    destination: Destination
    helo: str


class StartTls(Struct, frozen=True, gc=False):
    """Shake hands now, then say ``tls_started``; whatever the client sent before that is void."""


class Refused(Struct, frozen=True, gc=False):
    """A mail was turned away before a decision; ``tenant`` None where it was for nobody of ours."""

    tenant: TenantId | None
    refusal: Refusal


class Close(Struct, frozen=True, gc=False):
    """The conversation is over."""


Event = Send | AskRecipient | Content | Discard | AskMessage | StartTls | Refused | Close


class Nobody(Struct, frozen=True, gc=False):
    """The address leads nowhere. ``tenant`` answers for its domain; None: the domain is not ours."""

    tenant: TenantId | None


class Unsettled(Struct, frozen=True, gc=False):
    """The look-up failed; a later attempt may know."""


class NotYet(Struct, frozen=True, gc=False):
    """The address leads nowhere in a house that nobody gave a domain yet: a later attempt may meet one that has it."""


RecipientAnswer = Destination | Nobody | NotYet | Unsettled
