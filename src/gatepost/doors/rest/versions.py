"""Which versions a policy had, who made them and why, and the way back to one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter

from gatepost import decide
from gatepost.access.paper import Principal
from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE, Stored
from gatepost.decide.versions import Signed
from gatepost.doors.rest.auth import HouseDep, PolicyReader, PolicyWriter, mailbox_of, within_reach
from gatepost.doors.rest.parameters import Limit, MailboxId, VersionCursor, VersionNumber, Why
from gatepost.doors.rest.policy import shown, shown_wide
from gatepost.doors.rest.policy_shapes import PolicyShown, TenantPolicyShown
from gatepost.doors.rest.problems import missing
from gatepost.doors.rest.workbench_shapes import Signature, VersionDetail, VersionPage, VersionShown
from gatepost.ids import AccountId
from gatepost.journey import House
from gatepost.keys import Vault
from gatepost.workbench import change

router = APIRouter(prefix="/v1", tags=["versions"])
_SIGNATURES = {True: Signature.GENUINE, False: Signature.FORGED, None: Signature.UNSIGNED}


@asynccontextmanager
async def policy_of(
    house: House, principal: Principal, mailbox_id: int
) -> AsyncIterator[tuple[Transaction, AccountId]]:
    """Open a transaction on a mailbox whose policy is meant; 0: the tenant's. Raises the 404 ``Problem``."""
    if mailbox_id != TENANT_WIDE:
        async with mailbox_of(house, principal, mailbox_id) as found:
            yield found
        return
    account = within_reach(principal, TENANT_WIDE)
    async with house.db.transaction(principal.tenant) as tx:
        yield tx, account


def _version(signed: Signed, vault: Vault) -> VersionShown:
    made = signed.version
    return VersionShown(
        version=made.version,
        digest=made.digest,
        at=made.at,
        by=made.actor,
        why=made.why,
        signature=_SIGNATURES[signed.is_genuine(vault)],
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


async def _rolled_back(house: House, principal: Principal, mailbox_id: int, version: int, why: str) -> Stored:
    async with policy_of(house, principal, mailbox_id) as (tx, account):
        try:
            wish = await change.wish_back(tx, account, version, actor=principal.key, why=why)
        except LookupError:
            raise missing("version") from None
        return await change.put(tx, house, wish)


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


@router.post("/mailboxes/{mailbox_id}/policy/versions/{version}/rollback", summary="Go back to a version")
async def roll_back(
    mailbox_id: MailboxId, version: VersionNumber, house: HouseDep, principal: PolicyWriter, why: Why = ""
) -> PolicyShown:
    """Put an earlier version in force again, as a new one. 422 where this release cannot read it."""
    return shown(await _rolled_back(house, principal, mailbox_id, version, why))


@router.post("/policy/versions/{version}/rollback", summary="Go back to a version of the tenant's policy")
async def roll_back_wide(
    version: VersionNumber, house: HouseDep, principal: PolicyWriter, why: Why = ""
) -> TenantPolicyShown:
    """Put an earlier version of the policy above all mailboxes in force again, as a new one."""
    return shown_wide(await _rolled_back(house, principal, TENANT_WIDE, version, why))
