"""The link by which one person rules on one held call, once: bound to the tool and its arguments. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from gatepost.deliver import link
from gatepost.ids import PersonId, TenantId, TurnId
from gatepost.keys import Keyring

PATH = "/approve-call"
PURPOSE = "call-link"


@dataclass(frozen=True, slots=True)
class CallLink:
    """Who may rule on what, until when; ``digest`` names the call (``steps.digest_of``)."""

    tenant: TenantId
    turn: TurnId
    digest: str
    person: PersonId
    expires_at: datetime


def sign(wanted: CallLink, keyring: Keyring) -> str:
    """Return the link's token: the same link gives the same token."""
    until = int(wanted.expires_at.timestamp())
    return link.sealed([wanted.tenant, wanted.turn, wanted.digest, wanted.person, until], keyring, PURPOSE)


def read(token: str, keyring: Keyring, *, now: datetime) -> CallLink | None:
    """Return the link a token stands for; None where it is none of ours, or too old."""
    claims = link.opened(token, keyring, PURPOSE)
    if claims is None:
        return None
    tenant, turn, digest, person, until = claims
    found = CallLink(TenantId(tenant), TurnId(turn), digest, PersonId(person), datetime.fromtimestamp(until, UTC))
    return found if now < found.expires_at else None
