"""The page's address for one petition: signed, so that nobody finds another's, and of no power by itself. Pure.

An agent is given it to pass on. It opens what is asked and nothing else; who rules there presents a key of their own.
"""

from gatepost.deliver import link
from gatepost.ids import PetitionId, TenantId
from gatepost.keys import Keyring

PATH = "/petition"
PURPOSE = "petition-link"


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
