"""Two tenants of one house."""

import pytest

from access.scene import AT, A, B
from gatepost.access import add_tenant
from gatepost.db import Database


@pytest.fixture
async def house(db: Database) -> Database:
    for tenant, name in ((A, "Alpha"), (B, "Beta")):
        async with db.transaction(tenant) as tx:
            await add_tenant(tx, name=name, plan="free", at=AT)
    return db
