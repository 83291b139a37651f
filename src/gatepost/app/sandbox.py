"""The sandbox: a tenant, a mailbox, a policy and keys, so that the first start has something to try."""

from gatepost import access
from gatepost.access.paper import Role
from gatepost.app import administer
from gatepost.app.given import SANDBOX
from gatepost.app.state import Sandbox, keep_sandbox, sandbox
from gatepost.journey import House
from gatepost.mail.address import Address
from gatepost.settings import Settings

NAME = "sandbox"
TRUSTED = "you@example.com"
POLICY: dict[str, object] = {
    "defaultAction": "bounce",
    "senders": [
        # On a laptop nobody can prove an address of example.com; the rule says so where every reader sees it.
        {"match": {"address": TRUSTED, "assurance": "none"}, "capabilities": ["read_calendar", "propose_meeting"]},
    ],
    "contentGuards": [{"reject": "(?i)ignore (all )?previous instructions", "reason": "prompt_injection_suspected"}],
    "auditLog": {"retentionDays": 30, "includeBodyHash": True},
}


async def ensure(settings: Settings, house: House) -> Sandbox:
    """Return the sandbox of this state folder; make it on the first start.

    Each step asks whether it was done, and the note with the keys comes last: a first start that was cut short is
    finished by the next.
    """
    if (found := sandbox(settings.state)) is not None:
        return found
    every = await access.list_tenants(house.db)
    tenant = next((tenant for tenant in every if tenant.name == NAME), None)
    tenant = tenant or await administer.add_tenant(house, name=NAME, plan="sandbox")
    address = Address.parse(f"agent@{SANDBOX}")
    async with house.db.transaction(tenant.id) as tx:
        account = await access.account_at(tx, address)
        has_domain = await access.account_at(tx, Address.parse(f"postmaster@{SANDBOX}")) is not None
    if not has_domain:
        await administer.add_domain(house, tenant.id, SANDBOX)
    account = account or await administer.add_mailbox(house, tenant.id, address)
    await administer.set_policy(house, tenant.id, account.id, POLICY)
    _, owner = await administer.add_key(house, tenant.id, Role.OWNER, label="sandbox owner")
    _, agent = await administer.add_key(house, tenant.id, Role.AGENT, label="sandbox agent", account=account.id)
    made = Sandbox(tenant=tenant.id, mailbox_id=account.id, address=str(address), api_key=owner, agent_key=agent)
    keep_sandbox(settings.state, made)
    return made
