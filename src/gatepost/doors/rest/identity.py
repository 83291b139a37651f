"""What the presented key is, and which mailboxes it may see."""

from fastapi import APIRouter

from gatepost import access
from gatepost.doors.rest.auth import Anybody, HouseDep
from gatepost.doors.rest.shapes import MailboxList, MailboxShown, Whoami

router = APIRouter(prefix="/v1", tags=["access"])


@router.get("/whoami", summary="Describe the key")
async def whoami(principal: Anybody) -> Whoami:
    """Return whose key this is and how far it reaches."""
    return Whoami(
        key_id=principal.key,
        tenant_id=principal.tenant,
        role=principal.role,
        scopes=sorted(principal.scopes),
        mailbox_id=principal.account,
    )


@router.get("/mailboxes", summary="List mailboxes")
async def mailboxes(house: HouseDep, principal: Anybody) -> MailboxList:
    """Return the mailboxes the key may see: all of the tenant's, or the one the key is bound to."""
    async with house.db.transaction(principal.tenant) as tx:
        if principal.account is None:
            accounts = list(await access.list_accounts(tx))
        else:
            bound = await access.account(tx, principal.account)
            accounts = [bound] if bound else []
    return MailboxList(items=[MailboxShown(id=account.id, address=str(account.address)) for account in accounts])
