"""Policies: can this release read those in force? Of one that it cannot, all mail is answered 451."""

from gatepost import access, decide
from gatepost.access.paper import Tenant
from gatepost.app.doctor.finding import Finding, failure, ok
from gatepost.db import Database


async def look(db: Database) -> list[Finding]:
    """Return one finding for each policy in force that cannot be read, or that all can."""
    found = [each for tenant in await access.list_tenants(db) for each in await _of(db, tenant)]
    return found or [ok("policies.readable", "each policy in force can be read")]


async def _of(db: Database, tenant: Tenant) -> list[Finding]:
    async with db.transaction(tenant.id) as tx:
        accounts = [each.id for each in await access.list_accounts(tx)]
        broken = await decide.unreadable(tx, [decide.TENANT_WIDE, *accounts])
    return [_finding(tenant, account, version) for account, version in sorted(broken.items())]


def _finding(tenant: Tenant, account: int, version: int) -> Finding:
    whose = "above all mailboxes" if account == decide.TENANT_WIDE else f"of mailbox {account}"
    return failure(
        "policies.readable",
        f"version {version} of the policy {whose} of {tenant.name} cannot be read: its mail is answered 451",
        f"gatepost policy set {account} FILE, or gatepost policy rollback {account} VERSION (gatepost policy history)",
    )
