"""Which versions a policy had, who made them and why, and the way back to one."""

from fastapi import APIRouter

from gatepost import decide
from gatepost.access.paper import Principal
from gatepost.decide import TENANT_WIDE, Stored
from gatepost.decide.versions import Signed
from gatepost.doors.rest.auth import HouseDep, PolicyReader
from gatepost.doors.rest.parameters import Limit, MailboxId, VersionCursor, VersionNumber, Why
from gatepost.doors.rest.policy import shown, shown_wide
from gatepost.doors.rest.policy_shapes import PolicyShown, TenantPolicyShown
from gatepost.doors.rest.problems import missing
from gatepost.doors.rest.proposals import PROPOSED, Changer, ChangerDep
from gatepost.doors.rest.reach import policy_of
from gatepost.doors.rest.workbench_shapes import (
    ProposalShown,
    Signature,
    SignedShown,
    VersionDetail,
    VersionPage,
    VersionShown,
)
from gatepost.journey import House
from gatepost.keys import Vault
from gatepost.workbench import change
from gatepost.workbench.change import Wish

router = APIRouter(prefix="/v1", tags=["versions"])
_SIGNATURES = {True: Signature.GENUINE, False: Signature.FORGED, None: Signature.UNSIGNED}


def _version(signed: Signed, vault: Vault) -> VersionShown:
    made = signed.version
    return VersionShown(
        version=made.version,
        digest=made.digest,
        at=made.at,
        by=made.actor,
        why=made.why,
        signature=_SIGNATURES[signed.is_genuine(vault)],
        signed=SignedShown(**signed.spelled()._asdict()) if signed.signature else None,
    )


async def _page(house: House, principal: Principal, mailbox_id: int, limit: int, before: int | None) -> VersionPage:
    async with policy_of(house, principal, mailbox_id) as (tx, account):
        found = await decide.policy_history(tx, account, before=before, limit=limit + 1)
        items = [_version(each, tx.vault) for each in found[:limit]]
    return VersionPage(items=items, next_cursor=items[-1].version if len(found) > limit else None)


async def _detail(house: House, principal: Principal, mailbox_id: int, version: int) -> VersionDetail:
    async with policy_of(house, principal, mailbox_id) as (tx, account):
        found = await decide.policy_history(tx, account, before=version + 1, limit=1)
        if not found or found[0].version.version != version:
            raise missing("version")
        document = await decide.policy_document(tx, account, version)
        told = _version(found[0], tx.vault)
    return VersionDetail.model_validate({**told.model_dump(), "policy": document})


async def _wish_back(changer: Changer, mailbox_id: int, version: int, why: str) -> Wish:
    async with policy_of(changer.house, changer.principal, mailbox_id) as (tx, account):
        try:
            return await change.wish_back(tx, account, version, actor=changer.principal.key, why=why)
        except LookupError:
            raise missing("version") from None


@router.get("/mailboxes/{mailbox_id}/policy/versions", summary="List a policy's versions")
async def history(
    mailbox_id: MailboxId, house: HouseDep, principal: PolicyReader, limit: Limit = 50, cursor: VersionCursor = None
) -> VersionPage:
    """Return versions, newest first: who made each, why, and whether its signature holds."""
    return await _page(house, principal, mailbox_id, limit, cursor)


@router.get("/mailboxes/{mailbox_id}/policy/versions/{version}", summary="Read a version")
async def show(
    mailbox_id: MailboxId, version: VersionNumber, house: HouseDep, principal: PolicyReader
) -> VersionDetail:
    """Return one version as its author wrote it."""
    return await _detail(house, principal, mailbox_id, version)


@router.get("/policy/versions", summary="List the tenant's policy's versions")
async def history_wide(
    house: HouseDep, principal: PolicyReader, limit: Limit = 50, cursor: VersionCursor = None
) -> VersionPage:
    """Return versions of the policy above all mailboxes, newest first."""
    return await _page(house, principal, TENANT_WIDE, limit, cursor)


@router.get("/policy/versions/{version}", summary="Read a version of the tenant's policy")
async def show_wide(version: VersionNumber, house: HouseDep, principal: PolicyReader) -> VersionDetail:
    """Return one version of the policy above all mailboxes."""
    return await _detail(house, principal, TENANT_WIDE, version)


@router.post(
    "/mailboxes/{mailbox_id}/policy/versions/{version}/rollback", summary="Go back to a version", responses=PROPOSED
)
async def roll_back(
    mailbox_id: MailboxId, version: VersionNumber, changer: ChangerDep, why: Why = ""
) -> PolicyShown | ProposalShown:
    """Put an earlier version in force again, as a new one. 422 where this release cannot read it.

    202 where it lets in more than the one in force, or might, and waits for a second person.
    """
    came = await changer.put(await _wish_back(changer, mailbox_id, version, why))
    return shown(came) if isinstance(came, Stored) else came


@router.post(
    "/policy/versions/{version}/rollback", summary="Go back to a version of the tenant's policy", responses=PROPOSED
)
async def roll_back_wide(
    version: VersionNumber, changer: ChangerDep, why: Why = ""
) -> TenantPolicyShown | ProposalShown:
    """Put an earlier version of the policy above all mailboxes in force again, as a new one."""
    came = await changer.put(await _wish_back(changer, TENANT_WIDE, version, why))
    return shown_wide(came) if isinstance(came, Stored) else came
