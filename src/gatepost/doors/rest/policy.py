"""The policy of a mailbox, and the tenant's above them: read it, replace it."""

from typing import Annotated

from fastapi import APIRouter, Body

from gatepost import decide, record
from gatepost.access.paper import Principal
from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE, Stored
from gatepost.doors.rest.auth import HouseDep, PolicyReader, PolicyWriter, mailbox_of, within_reach
from gatepost.doors.rest.parameters import MailboxId
from gatepost.doors.rest.policy_shapes import (
    EXAMPLE,
    PolicyDocument,
    PolicyShown,
    RevocationMade,
    RevocationWanted,
    TenantPolicyShown,
)
from gatepost.doors.rest.problems import missing
from gatepost.ids import AccountId
from gatepost.journey import House
from gatepost.record.paper import Consequence, Kind

router = APIRouter(prefix="/v1", tags=["policy"])


def _shown(stored: Stored) -> PolicyShown:
    return PolicyShown(
        mailbox_id=stored.account, version=stored.version, policy=stored.document, warnings=stored.warnings
    )


def _shown_wide(stored: Stored) -> TenantPolicyShown:
    return TenantPolicyShown(version=stored.version, policy=stored.document, warnings=stored.warnings)


async def _put(
    tx: Transaction, house: House, principal: Principal, account: AccountId, document: PolicyDocument
) -> Stored:
    """Store a new version, with its entry in the tenant's log."""
    at = house.clock()
    stored = await decide.put_policy(tx, account, document, at=at, actor=principal.key)
    is_wide = account == TENANT_WIDE
    act = Consequence(
        kind=Kind.ACT,
        action="policy.set",
        actor=principal.key,
        at=at,
        account=None if is_wide else account,
        object_ref=principal.tenant if is_wide else str(account),
        public={"policy_version": stored.version, "policy_digest": stored.digest},
    )
    await record.note(tx, act, entropy=house.entropy)
    return stored


@router.get("/mailboxes/{mailbox_id}/policy", summary="Read the policy in force")
async def read(mailbox_id: MailboxId, house: HouseDep, principal: PolicyReader) -> PolicyShown:
    """Return the policy and its version. 404 where none was ever set: then all mail is refused."""
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        stored = await decide.get_policy(tx, account)
    if stored is None:
        raise missing("policy")
    return _shown(stored)


@router.put("/mailboxes/{mailbox_id}/policy", summary="Replace the policy")
async def replace(
    mailbox_id: MailboxId,
    document: Annotated[PolicyDocument, Body(examples=[EXAMPLE])],
    house: HouseDep,
    principal: PolicyWriter,
) -> PolicyShown:
    """Store a new version; it is in force for the next message. The change is an entry in the tenant's log.

    422 lists every fault of the document in `errors`.
    """
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        return _shown(await _put(tx, house, principal, account, document))


@router.post("/mailboxes/{mailbox_id}/policy/revocations", summary="Revoke what a version granted")
async def revoke(
    mailbox_id: MailboxId, body: RevocationWanted, house: HouseDep, principal: PolicyWriter
) -> RevocationMade:
    """Make the grants of one version worthless at once and for ever; mail that it delivered stays.

    Tokens of them open nothing, and turns of hosted agents under way lose what they were granted. 404: no such version.
    """
    at = house.clock()
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        try:
            is_new = await decide.revoke_policy(tx, account, body.version, at=at, actor=principal.key)
        except LookupError:
            raise missing("version") from None
        if is_new:
            act = Consequence(
                kind=Kind.ACT,
                action="policy.revoke",
                actor=principal.key,
                at=at,
                account=account,
                object_ref=f"{account}/{body.version}",
            )
            await record.note(tx, act, entropy=house.entropy)
    return RevocationMade(mailbox_id=mailbox_id, version=body.version, is_new=is_new)


@router.get("/policy", summary="Read the tenant's policy")
async def read_wide(house: HouseDep, principal: PolicyReader) -> TenantPolicyShown:
    """Return the policy above all mailboxes, which can only tighten theirs. 404 where none was ever set."""
    within_reach(principal, TENANT_WIDE)
    async with house.db.transaction(principal.tenant) as tx:
        stored = await decide.get_policy(tx, TENANT_WIDE)
    if stored is None:
        raise missing("policy")
    return _shown_wide(stored)


@router.put("/policy", summary="Replace the tenant's policy")
async def replace_wide(
    document: Annotated[PolicyDocument, Body(examples=[EXAMPLE])], house: HouseDep, principal: PolicyWriter
) -> TenantPolicyShown:
    """Store a new version of the policy above all mailboxes. A key that is bound to one mailbox cannot.

    422 lists every fault of the document in `errors`.
    """
    within_reach(principal, TENANT_WIDE)
    async with house.db.transaction(principal.tenant) as tx:
        return _shown_wide(await _put(tx, house, principal, TENANT_WIDE, document))
