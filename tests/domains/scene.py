"""What the tests of domains share."""

import random
from datetime import UTC, datetime

from gatepost.db import Database
from gatepost.domains import Domain, add_domain
from gatepost.ids import AccountId, TenantId
from gatepost.keys import Keyring

A, B = TenantId("tn_a"), TenantId("tn_b")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
AGENT, OTHER, POSTMASTER_A, POSTMASTER_B = AccountId(1), AccountId(2), AccountId(8), AccountId(9)
SEEDED = random.Random(3).randbytes
KEYRING = Keyring(b"k" * 32, SEEDED)


async def own(db: Database, tenant: TenantId, name: str) -> Domain:
    """Give the tenant a domain."""
    postmaster = POSTMASTER_A if tenant == A else POSTMASTER_B
    async with db.transaction(tenant) as tx:
        return await add_domain(tx, name, postmaster=postmaster, keyring=KEYRING, at=AT, entropy=SEEDED)
