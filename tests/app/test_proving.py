import hashlib

import proofbundle
import pytest

import singly
from gatepost.app import administer, proving
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.record import Indexer, search
from gatepost.record.errors import IndexBehindError
from gatepost.record.publish import Sequencer
from record.papers import RAW, counting, evidence, inbound

MESSAGE = RAW.replace(b"Subject:", b"Message-ID: <m@x>\r\nSubject:")


@pytest.fixture
async def tenant(house: House) -> TenantId:
    """A tenant whose record has one message for two recipients, and another one."""
    made = await administer.add_tenant(house, name="Acme", plan="team")
    async with house.db.transaction(made.id) as tx:
        first = inbound(1, rcpt_to=("a@house.example", "b@house.example"), tenant=made.id)
        await singly.append(tx, first, entropy=counting())
        other = inbound(2, tenant=made.id, seen=evidence(message_id="other@x"))
        await singly.append(tx, other, entropy=counting(100))
    origin = f"{house.hostname}/log"
    await Sequencer(house.db, house.blobs, house.blobs, house.keyring, house.clock, house.entropy, origin).sequence(
        made.id
    )
    return made.id


@pytest.mark.parametrize("octets", [RAW, RAW.replace(b"\r\n", b"\n")], ids=["as it came", "kept with bare LF"])
async def test_the_octets_of_a_message_lead_to_all_its_entries(house: House, tenant: TenantId, octets: bytes) -> None:
    found = await proving.prove_message(house, tenant, octets)
    assert [one.leaf_index for one in found] == [1, 2, 3]
    for one in found:
        assert one.has_same_octets
        assert one.opening is not None
        assert one.opening["blob"]["value"] == hashlib.sha256(RAW).hexdigest()
        assert one.spelled()["entry"].encode() == one.entry
        proof = proofbundle.verify_tlog_proof(one.proof.decode(), one.entry, await _vkey(house, tenant))
        assert proof["ok"]


async def _vkey(house: House, tenant: TenantId) -> str:
    async with house.db.transaction(tenant) as tx:
        return str((await tx.one("select vkey from log_key where tenant = %(tenant)s")).vkey)


async def test_that_the_record_knows_nothing_is_said_only_where_all_is_indexed(
    house: House, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "UNINDEXED_MAX", 1)
    with pytest.raises(IndexBehindError):
        await proving.prove_message(house, tenant, RAW + b"another")
    await Indexer(house.db).index(tenant)
    assert await proving.prove_message(house, tenant, RAW + b"another") == []


async def test_a_message_that_was_added_to_is_found_by_its_message_id(house: House, tenant: TenantId) -> None:
    found = await proving.prove_message(house, tenant, b"Received: from x\r\n" + MESSAGE)
    assert [(one.leaf_index, one.has_same_octets) for one in found] == [(1, False), (2, False)]


@pytest.mark.parametrize("octets", [b"", b"no message", b"Message-ID: <nobody@x>\r\n\r\n", bytes(range(256)) * 100])
async def test_what_the_record_does_not_know_has_no_proof(house: House, tenant: TenantId, octets: bytes) -> None:
    assert await proving.prove_message(house, tenant, octets) == []
