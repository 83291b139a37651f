from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import singly
from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.ids import TenantId
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.merkle import leaf_hash, root, verify_inclusion
from gatepost.record import export, trust_log
from gatepost.record.publish import Sequencer
from gatepost.record.trust_log import TRUST
from gatepost.trust import heads, store
from outbound import Hands
from record.papers import TENANT, OpenKeyring, counting, inbound
from trust.scene import Scene


@given(st.integers(min_value=0, max_value=5))
def test_the_tree_is_the_ledgers(power: int) -> None:
    entries = [b"%d" % number for number in range(1 << power)]
    top, paths = heads.tree(entries)
    assert top == root([leaf_hash(each) for each in entries])
    for at, path in enumerate(paths):
        verify_inclusion(at, len(entries), leaf_hash(entries[at]), path, top)


async def grow(scene: Scene, tenant: TenantId = TENANT) -> None:
    blobs = Blobs(Folder(scene.state / "second"))
    async with scene.house.db.transaction(tenant) as tx:
        await singly.append(tx, inbound(1), entropy=counting(7))
    one = Sequencer(
        scene.house.db, scene.house.blobs, blobs, OpenKeyring(), Hands(), counting(10**6), "log.house.example"
    )
    await one.sequence(tenant)


async def test_a_tenant_opens_its_head_under_what_the_world_saw(scene: Scene) -> None:
    await grow(scene)
    entry = await heads.state_hourly(scene.house.db, scene.clock(), scene.house.entropy)
    assert entry is not None
    async with scene.house.db.transaction(TRUST) as tx:
        (stated,) = await trust_log.stated(tx, [entry])
    async with scene.house.db.transaction(TENANT) as tx:
        (head,) = await store.heads(tx, limit=9)
        checkpoint = await export.head(tx)
    assert checkpoint is not None
    assert (head.size, head.root) == (checkpoint.size, checkpoint.root)
    stated_root = bytes.fromhex(stated.detail["root"])
    heads.verify(head, checkpoint.origin, stated_root)
    for other in (replace(head, size=head.size + 1), replace(head, root=bytes(32)), replace(head, salt=bytes(32))):
        with pytest.raises(LedgerError):
            heads.verify(other, checkpoint.origin, stated_root)
    assert TENANT not in str(stated.detail)
    assert await heads.state_hourly(scene.house.db, scene.clock(), scene.house.entropy) is None
    scene.clock.move(timedelta(days=-31))  # the one above was stated under a clock that ran ahead
    assert await heads.state_hourly(scene.house.db, scene.clock(), scene.house.entropy) is not None


async def test_heads_are_stated_once_an_hour(scene: Scene) -> None:
    await grow(scene)
    db, entropy = scene.house.db, scene.house.entropy
    assert await heads.state_hourly(db, scene.clock(), entropy) is not None
    assert await heads.state_hourly(db, scene.clock() + timedelta(minutes=59), entropy) is None
    assert await heads.state_hourly(db, scene.clock() + timedelta(minutes=60), entropy) is not None


async def test_a_house_without_customers_states_none(scene: Scene) -> None:
    assert await heads.state_hourly(scene.house.db, scene.clock(), scene.house.entropy) is None
