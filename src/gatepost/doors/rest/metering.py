"""What hosted agents cost, as the model's API counted it."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from gatepost import mailbox
from gatepost.act import hosted
from gatepost.act.hosted import By
from gatepost.db import Transaction
from gatepost.doors.rest.agent_shapes import ToolUsage, UsageList, UsageShown
from gatepost.doors.rest.auth import AuditReader, HouseDep, within_reach
from gatepost.doors.rest.parameters import Limit, OfMailbox, Since, Until
from gatepost.ids import EmailId

router = APIRouter(prefix="/v1/usage", tags=["metering"])

SPAN = timedelta(days=30)


@router.get("", summary="Sum up metered usage")
async def sums(
    house: HouseDep,
    principal: AuditReader,
    by: Annotated[By, Query(description="What to sum up by.")] = By.DAY,
    mailbox_id: OfMailbox = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
) -> UsageList:
    """Return tokens and cost per message, thread, sender, agent or day, the latest first."""
    account = principal.account if mailbox_id is None else within_reach(principal, mailbox_id)
    now = house.clock()
    start, end = since or now - SPAN, until or now + timedelta(seconds=1)
    async with house.db.transaction(principal.tenant) as tx:
        rows = await hosted.usage_by(tx, by, account=account, since=start, until=end, limit=limit)
        names = [row.name for row in rows]
        tools = await hosted.tools_by(tx, by, account=account, since=start, until=end, names=names)
        items = [await _shown(tx, by, row, [each for each in tools if each.name == row.name]) for row in rows]
    return UsageList(by=by, items=items)


async def _shown(tx: Transaction, by: By, row: Any, tools: list[Any]) -> UsageShown:
    return UsageShown(
        name=await _sender(tx, EmailId(row.email)) if by is By.SENDER else row.name,
        calls=row.calls,
        input_tokens=row.input,
        output_tokens=row.output,
        cache_write_tokens=row.cache_write,
        cache_read_tokens=row.cache_read,
        unsettled_tokens=row.unsettled,
        cost_microusd=row.cost_microusd,
        first_at=row.first_at,
        last_at=row.last_at,
        tools=[
            ToolUsage(
                tool=each.tool,
                calls=each.calls,
                made=each.made,
                tokens=each.tokens,
                cost_microusd=each.cost_microusd,
            )
            for each in tools
        ],
    )


async def _sender(tx: Transaction, email: EmailId) -> str:
    """Return whose mail it was: usage knows a sender by a token alone, and the mail says whose it is."""
    found = await mailbox.find(tx, email)
    return "" if found is None else str(found.author)
