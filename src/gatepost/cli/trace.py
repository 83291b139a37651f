"""One message's chain of events, by its id alone: its entries in the record, and its lines in the operations log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from gatepost import access
from gatepost.cli.frame import AsJson, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.record import QueryError
from gatepost.record.search import Sought, page

ENTRIES_MAX = 500
LINE_OCTETS_MAX = 65_536
COLUMNS = ("at", "source", "event", "outcome", "reason", "id")


@app.command()
def trace(
    message: Annotated[str, typer.Argument(help="The id we gave it (em_...), or its own Message-ID.")],
    *,
    log: Annotated[Path | None, typer.Option(help="The operations log as kept: one JSON line an event.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild what became of one message, whichever tenant's it is, oldest first. Exit 1 where nothing is known."""
    found = with_house(lambda house: _entries(house, message.strip().strip("<>")))
    emails = {row["id"] for row in found if row["id"]}
    if log is not None:
        try:
            found += list(_lines(log, emails or {message}))
        except OSError as error:
            raise Refusal(f"cannot read {log}: {error.strerror}") from error
    found.sort(key=lambda row: str(row["at"]))
    show(found, columns=COLUMNS, as_json=as_json, empty="nothing is known of such a message")
    if not found:
        raise typer.Exit(1)


async def _entries(house: House, message: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for tenant in await access.list_tenants(house.db):
        emails = {message} if message.startswith("em_") else await _emails(house, tenant.id, message)
        for email in sorted(emails):
            rows += await _asked(house, tenant.id, {"message": email})
    return rows


async def _emails(house: House, tenant: TenantId, message_id: str) -> set[str]:
    spellings = (message_id, f"<{message_id}>")
    return {row["id"] for each in spellings for row in await _asked(house, tenant, {"message-id": each}) if row["id"]}


async def _asked(house: House, tenant: TenantId, facts: dict[str, str | None]) -> list[dict[str, Any]]:
    try:
        async with house.db.transaction(tenant) as tx:
            found = await page(tx, Sought(facts=facts), limit=ENTRIES_MAX)
    except QueryError as error:
        raise Refusal(str(error)) from error
    return [_row(each.found.leaf) for each in found.rows]


def _row(leaf: Any) -> dict[str, Any]:
    facts = leaf["decision"] or leaf["detail"] or {}
    return {
        "at": leaf["ts"],
        "source": "record",
        "event": leaf["action"],
        "outcome": facts.get("outcome", ""),
        "reason": facts.get("reason", ""),
        "id": leaf["email"] or "",
    }


def _lines(path: Path, emails: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines that name one of these; what is no JSON line of ours is passed over."""
    wanted = [each.encode() for each in emails]
    with path.open("rb") as file:
        while octets := file.readline(LINE_OCTETS_MAX):
            if not any(each in octets for each in wanted):
                continue
            try:
                line = orjson.loads(octets)
            except orjson.JSONDecodeError:
                continue
            if isinstance(line, dict) and (named := emails & {str(each) for each in line.values()}):
                event, reason = line.get("event", ""), line.get("reason", "")
                at, source = line.get("at", ""), "log"
                yield {"at": at, "source": source, "event": event, "outcome": "", "reason": reason, "id": min(named)}
