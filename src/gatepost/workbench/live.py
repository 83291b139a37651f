"""The policy in force, as drafts are compared with it."""

from gatepost.decide import TENANT_WIDE, PolicyUnreadableError, Stored
from gatepost.decide.language import Policy, PolicyError, parse


def compiled(stored: Stored | None) -> Policy | None:
    """Return a stored version, compiled; None where there is none.

    Raises:
        PolicyUnreadableError: it is none to this release.
    """
    if stored is None:
        return None
    try:
        is_wide = stored.account == TENANT_WIDE
        return parse(stored.document, version=stored.version, is_tenant_wide=is_wide)[0]
    except PolicyError as error:
        raise PolicyUnreadableError from error
