"""The addresses of one petition's pages: signed, so that nobody finds another's. Pure.

One has no power by itself: an agent is given it to pass on, it opens what is asked and nothing else, and who rules
there presents a key of their own. The other is mailed to one person, and lets that person rule.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from gatepost.deliver import link
from gatepost.ids import PersonId, PetitionId, TenantId
from gatepost.keys import Keyring

PATH = "/petition"
PURPOSE = "petition-link"
PERSON_PATH = "/approve-petition"
PERSON_PURPOSE = "petition-person-link"


@dataclass(frozen=True, slots=True)
class PersonLink:
    """Who may rule on what, until when."""

    tenant: TenantId
    petition: PetitionId
    person: PersonId
    expires_at: datetime


def sign(tenant: TenantId, petition: PetitionId, keyring: Keyring) -> str:
    """Return the token of the page."""
    return link.sealed([tenant, petition], keyring, PURPOSE)


def read(token: str, keyring: Keyring) -> tuple[TenantId, PetitionId] | None:
    """Return what a token stands for; None where it is none of ours."""
    claims = link.opened(token, keyring, PURPOSE)
    return None if claims is None else (TenantId(claims[0]), PetitionId(claims[1]))


def url(public_url: str, tenant: TenantId, petition: PetitionId, keyring: Keyring) -> str | None:
    """Return where people rule; None where the house has no public URL: then they rule by REST or command."""
    return f"{public_url.rstrip('/')}{PATH}/{sign(tenant, petition, keyring)}" if public_url else None


def sign_for(own: PersonLink, keyring: Keyring) -> str:
    """Return the token of one person's link: the same link gives the same token."""
    until = int(own.expires_at.timestamp())
    return link.sealed([own.tenant, own.petition, own.person, until], keyring, PERSON_PURPOSE)


def read_for(token: str, keyring: Keyring, *, now: datetime) -> PersonLink | None:
    """Return the link a token stands for; None where it is none of ours, or too old."""
    claims = link.opened(token, keyring, PERSON_PURPOSE)
    if claims is None:
        return None
    tenant, petition, person, until = claims
    found = PersonLink(TenantId(tenant), PetitionId(petition), PersonId(person), datetime.fromtimestamp(until, UTC))
    return found if now < found.expires_at else None
