"""What an agent's key may do besides reading, answering and bouncing: what its message grants, or its policy.

Owners and approvers are people's keys: their scopes say what they may do. An agent's scopes only open the door; each
act beyond what delivery implies needs a capability (``decide/capabilities.py``). ``ACTS`` names them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from gatepost.access.paper import Principal, Role
from gatepost.decide import capabilities, grant_token, permit
from gatepost.decide.grants import GrantError
from gatepost.doors.rest.parameters import WorkedOn
from gatepost.ids import AccountId, EmailId
from gatepost.journey import House

ACTS: Mapping[str, tuple[str, ...]] = {
    "access.whoami": (),
    "access.mailboxes": (),
    "events.page": (capabilities.READ,),
    "events.stream": (capabilities.READ,),
    "messages.page": (capabilities.READ,),
    "messages.read": (capabilities.READ,),
    "messages.raw": (capabilities.READ_ATTACHMENT,),
    "messages.thread": (capabilities.READ,),
    "messages.search": (capabilities.SEARCH_MAIL,),
    "messages.attachment": (capabilities.READ_ATTACHMENT,),
    "messages.grant": (capabilities.READ,),
    "answers.reply": (capabilities.REPLY,),
    "answers.bounce": (capabilities.BOUNCE,),
    "answers.send": (capabilities.SEND, capabilities.SEND_EXTERNAL),
    "holds.page": (capabilities.READ,),
    "holds.show": (capabilities.READ,),
    "usage.reserve": (capabilities.REPORT_USAGE,),
    "usage.report": (capabilities.REPORT_USAGE,),
}
"""Every operation an agent's key reaches, and the capabilities it may need. ``raw`` needs its one only of a message
that has attachments; ``send`` one for recipients inside the tenant's domains, the other for those outside."""

GrantToken = Annotated[
    str,
    Header(
        alias="Gatepost-Grant",
        max_length=grant_token.TOKEN_MAX_CHARS,
        description="The token of the message that is worked on; without one, its grant is looked up.",
    ),
]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a caller shows of what it works on."""

    token: str
    message: EmailId | None


def _shown(token: GrantToken = "", message: WorkedOn = None) -> Shown:
    return Shown(token, None if message is None else EmailId(message))


def _token(token: GrantToken = "") -> Shown:
    return Shown(token, None)


NOTHING = Shown("", None)
"""What is looked up."""


OnMessage = Annotated[Shown, Depends(_token)]
"""For a path that names the message."""
OnAny = Annotated[Shown, Depends(_shown)]
"""For a path that names none: the caller may."""


async def demand(
    house: House,
    principal: Principal,
    account: AccountId,
    shown: Shown,
    *wanted: str,
    message: EmailId | None = None,
) -> None:
    """See that an agent's key was granted all of ``wanted``; other keys' scopes say enough.

    Args:
        house: whose grants count.
        principal: who calls.
        account: the mailbox it works in, within its reach.
        shown: what it shows.
        wanted: capabilities.
        message: the one the path names; where there is none, the one the caller names counts.

    Raises:
        GrantError: it was not.
    """
    if principal.role is not Role.AGENT:
        return
    key = grant_token.token_key(house.keyring, principal.tenant).public_key()
    basis = permit.Basis(message=message or shown.message, token=shown.token, key=key)
    async with house.db.transaction(principal.tenant) as tx:
        await permit.check(tx, account, wanted, basis, now=house.clock())


async def may(
    house: House, principal: Principal, account: AccountId, shown: Shown, wanted: str, *, message: EmailId
) -> bool:
    """Tell whether ``demand`` would let it pass."""
    try:
        await demand(house, principal, account, shown, wanted, message=message)
    except GrantError:
        return False
    return True
