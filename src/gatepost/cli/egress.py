"""The register of outgoing connections, for the operator."""

from typing import Any

import typer

from gatepost import access, record
from gatepost.cli.frame import AsJson, Config, ForTenant, show, with_house
from gatepost.cli.menu import app
from gatepost.egress import Destination
from gatepost.journey import House

egress = typer.Typer(help="Where this house connects to.", no_args_is_help=True)
app.add_typer(egress, name="egress")

DECLARED = ("purpose", "destination", "region", "mechanism", "decided_by", "encrypted")
OPENED = ("purpose", "destination", "count", "first", "last", "tenant")


@egress.command("list")
def list_(*, tenant: ForTenant = None, config: Config = None, as_json: AsJson = False) -> None:
    """List what may be connected to, and what was: counts by destination, a few seconds old."""

    async def work(house: House) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        return [_declared(row) for row in house.egress.register.rows], await _opened(house, tenant)

    declared, opened = with_house(work, config)
    if as_json:
        show([{"declared": declared, "opened": opened}], columns=(), as_json=True, empty="")
        return
    show(declared, columns=DECLARED, as_json=False, empty="nothing is declared: nothing may be connected to")
    typer.echo("")
    show(opened, columns=OPENED, as_json=False, empty="nothing was connected to yet")


def _declared(row: Destination) -> dict[str, Any]:
    return {
        "purpose": row.purpose.value,
        "destination": str(row),
        "region": row.region,
        "mechanism": row.mechanism,
        "decided_by": row.decided_by,
        "encrypted": not row.is_clear,
    }


async def _opened(house: House, wanted: str | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for tenant in await access.list_tenants(house.db):
        if wanted in {None, tenant.id, tenant.name}:
            async with house.db.transaction(tenant.id) as tx:
                rows += [
                    {
                        "purpose": each.purpose.value,
                        "destination": each.destination,
                        "count": each.times.count,
                        "first": each.times.first_at,
                        "last": each.times.last_at,
                        "tenant": tenant.id,
                    }
                    for each in await record.connections(tx)
                ]
    return rows
