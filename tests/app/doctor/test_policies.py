from pathlib import Path

import psycopg

from gatepost import decide
from gatepost.app.administer import add_domain, add_mailbox, add_tenant, set_policy
from gatepost.app.doctor import policies
from gatepost.app.doctor.finding import Level
from gatepost.db import Database
from gatepost.decide.store import policy_place
from gatepost.mail.address import Address
from outbound import Hands
from outbound import house as built

POLICY = {"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": 1}}


async def test_a_policy_in_force_that_this_release_cannot_read_is_named_with_whom_it_shuts_out(
    db: Database, owner_dsn: str, tmp_path: Path
) -> None:
    house = built(db, tmp_path, Hands())
    tenant = await add_tenant(house, name="one", plan="free")
    await add_domain(house, tenant.id, "gate.example")
    account = await add_mailbox(house, tenant.id, Address.parse("agent@gate.example"))
    for whose in (account.id, decide.TENANT_WIDE):
        await set_policy(house, tenant.id, whose, POLICY)
    assert [each.level for each in await policies.look(db)] == [Level.OK]
    for whose in (account.id, decide.TENANT_WIDE):
        sealed = db.keys.vault(tenant.id).seal_lasting(policy_place(whose, 1), b'{"document": {}, "warnings": []}')
        with psycopg.connect(owner_dsn) as owner:
            owner.execute("update policy set sealed = %s, digest = %s where account = %s", [sealed, str(whose), whose])
    found = await policies.look(db)
    assert {each.level for each in found} == {Level.FAILURE}
    told = [each.said for each in found]
    assert "above all mailboxes of one" in told[0]
    assert f"of mailbox {account.id} of one" in told[1]
    assert f"gatepost policy set {account.id} FILE" in found[1].next_step
