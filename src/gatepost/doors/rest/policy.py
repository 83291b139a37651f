"""The policy of a mailbox: read it, replace it."""

from typing import Annotated

from fastapi import APIRouter, Body

from gatepost import decide, record
from gatepost.decide import Stored
from gatepost.doors.rest.auth import HouseDep, PolicyReader, PolicyWriter, mailbox_of
from gatepost.doors.rest.parameters import MailboxId
from gatepost.doors.rest.policy_shapes import EXAMPLE, PolicyDocument, PolicyShown
from gatepost.doors.rest.problems import missing
from gatepost.record.paper import Consequence, Kind

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}/policy", tags=["policy"])


def _shown(stored: Stored) -> PolicyShown:
    return PolicyShown(
        mailbox_id=stored.account, version=stored.version, policy=stored.document, warnings=stored.warnings
    )


@router.get("", summary="Read the policy in force")
async def read(mailbox_id: MailboxId, house: HouseDep, principal: PolicyReader) -> PolicyShown:
    """Return the policy and its version. 404 where none was ever set: then all mail is refused."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        stored = await decide.get_policy(tx, account)
    if stored is None:
        raise missing("policy")
    return _shown(stored)


@router.put("", summary="Replace the policy")
async def replace(
    mailbox_id: MailboxId,
    document: Annotated[PolicyDocument, Body(examples=[EXAMPLE])],
    house: HouseDep,
    principal: PolicyWriter,
) -> PolicyShown:
    """Store a new version; it is in force for the next message. The change is an entry in the tenant's log.

    422 lists every fault of the document in `errors`.
    """
    at = house.clock()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        stored = await decide.put_policy(tx, account, document, at=at, actor=principal.key)
        act = Consequence(
            kind=Kind.ACT,
            action="policy.set",
            actor=principal.key,
            at=at,
            account=account,
            object_ref=str(account),
            public={"policy_version": stored.version, "policy_digest": stored.digest},
        )
        await record.note(tx, act, entropy=house.entropy)
    return _shown(stored)
