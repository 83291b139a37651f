"""The policy of a mailbox, and the tenant's above them: read it, replace it."""

from typing import Any

from fastapi import APIRouter, Response, status

from gatepost import decide, record
from gatepost.decide import TENANT_WIDE, Stored
from gatepost.doors.rest.auth import HouseDep, PolicyReader, PolicyWriter, mailbox_of, within_reach
from gatepost.doors.rest.parameters import MailboxId, Why
from gatepost.doors.rest.policy_shapes import (
    EXAMPLE,
    PolicyShown,
    RevocationMade,
    RevocationWanted,
    TenantPolicyShown,
)
from gatepost.doors.rest.preconditions import PreconditionsDep, etag, is_unchanged
from gatepost.doors.rest.problems import missing
from gatepost.doors.rest.proposals import PROPOSED, ChangerDep
from gatepost.doors.rest.workbench_bodies import POLICY
from gatepost.doors.rest.workbench_shapes import ProposalShown
from gatepost.doors.rest.written import Written, accepts
from gatepost.record.paper import Consequence, Kind
from gatepost.workbench.change import Wish

router = APIRouter(prefix="/v1", tags=["policy"])
UNCHANGED: dict[int | str, dict[str, Any]] = {
    status.HTTP_304_NOT_MODIFIED: {"description": "It is the version that If-None-Match names"}
}
BODY = accepts(POLICY.schema, EXAMPLE)


def shown(stored: Stored) -> PolicyShown:
    """Spell a mailbox's policy."""
    return PolicyShown(
        mailbox_id=stored.account, version=stored.version, policy=stored.document, warnings=stored.warnings
    )


def shown_wide(stored: Stored) -> TenantPolicyShown:
    """Spell the tenant's policy."""
    return TenantPolicyShown(version=stored.version, policy=stored.document, warnings=stored.warnings)


def _unchanged(stored: Stored) -> Response:
    """Return what is said to a reader who has it already."""
    return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag(stored.version)})


@router.get(
    "/mailboxes/{mailbox_id}/policy",
    summary="Read the policy in force",
    response_model=PolicyShown,
    responses=UNCHANGED,
)
async def read(
    mailbox_id: MailboxId, house: HouseDep, principal: PolicyReader, wanted: PreconditionsDep, response: Response
) -> PolicyShown | Response:
    """Return the policy and its version. 404 where none was ever set: then all mail is refused.

    304 without a body where `If-None-Match` names that version.
    """
    async with mailbox_of(house, principal, mailbox_id) as (tx, account):
        stored = await decide.get_policy(tx, account)
    if stored is None:
        raise missing("policy")
    if is_unchanged(wanted, stored.version):
        return _unchanged(stored)
    response.headers["ETag"] = etag(stored.version)
    return shown(stored)


@router.put("/mailboxes/{mailbox_id}/policy", summary="Replace the policy", responses=PROPOSED, openapi_extra=BODY)
async def replace(
    mailbox_id: MailboxId, document: Written, changer: ChangerDep, why: Why = ""
) -> PolicyShown | ProposalShown:
    """Store a new version; it is in force for the next message. The change is an entry in the tenant's log.

    202 where the tenant wants a second person for what lets in more, or might: then it waits as a proposal.
    422 lists every fault of the document in `errors`.
    """
    async with mailbox_of(changer.house, changer.principal, mailbox_id) as (_, account):
        wish = Wish(account=account, document=document, actor=changer.principal.key, why=why)
    came = await changer.put(wish)
    return shown(came) if isinstance(came, Stored) else came


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


@router.get("/policy", summary="Read the tenant's policy", response_model=TenantPolicyShown, responses=UNCHANGED)
async def read_wide(
    house: HouseDep, principal: PolicyReader, wanted: PreconditionsDep, response: Response
) -> TenantPolicyShown | Response:
    """Return the policy above all mailboxes, which can only tighten theirs. 404 where none was ever set."""
    within_reach(principal, TENANT_WIDE)
    async with house.db.transaction(principal.tenant) as tx:
        stored = await decide.get_policy(tx, TENANT_WIDE)
    if stored is None:
        raise missing("policy")
    if is_unchanged(wanted, stored.version):
        return _unchanged(stored)
    response.headers["ETag"] = etag(stored.version)
    return shown_wide(stored)


@router.put("/policy", summary="Replace the tenant's policy", responses=PROPOSED, openapi_extra=BODY)
async def replace_wide(document: Written, changer: ChangerDep, why: Why = "") -> TenantPolicyShown | ProposalShown:
    """Store a new version of the policy above all mailboxes. A key that is bound to one mailbox cannot.

    202 where it waits for a second person. 422 lists every fault of the document in `errors`.
    """
    within_reach(changer.principal, TENANT_WIDE)
    came = await changer.put(Wish(account=TENANT_WIDE, document=document, actor=changer.principal.key, why=why))
    return shown_wide(came) if isinstance(came, Stored) else came
