"""The SQL of scans. Every transaction is the public trust log's."""

from dataclasses import dataclass
from datetime import datetime

from gatepost.db import Transaction


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan of an asset said last."""

    asset: str
    at: datetime
    report: bytes


async def put(tx: Transaction, asset: str, report: bytes, at: datetime) -> None:
    """Keep a report, in place of the asset's last."""
    query = """
        insert into trust_scan (tenant, asset, at, report) values (%(tenant)s, %(asset)s, %(at)s, %(report)s)
        on conflict (tenant, asset) do update set at = %(at)s, report = %(report)s
    """
    await tx.run(query, asset=asset, report=report, at=at)


async def newest(tx: Transaction) -> list[Scanned]:
    """Return each asset's last report."""
    query = "select * from trust_scan where tenant = %(tenant)s order by asset"
    return [Scanned(row.asset, row.at, bytes(row.report)) for row in await tx.all(query)]
