"""A version says who made it, and nobody can say so in its place."""

from dataclasses import replace

import psycopg
import pytest

from decide.scene import ACCOUNT, NOON, TENANT, document
from gatepost import decide
from gatepost.db import Database
from gatepost.decide.versions import WHY_MAX_CHARS, Signed, Version, sign, verifies
from gatepost.ids import AccountId, KeyId

MADE = Version(tenant=TENANT, account=ACCOUNT, version=3, digest="ab", at=NOON, actor=KeyId("key_1"), why="because")


async def test_each_part_of_a_version_is_signed_by_its_actor_alone(db: Database) -> None:
    vault = db.keys.vault(TENANT)
    signed = sign(MADE, vault)
    assert signed.is_genuine(vault) is True
    assert verifies(MADE, signed.signer, signed.signature)
    for other in (
        replace(MADE, version=4),
        replace(MADE, digest="ac"),
        replace(MADE, why="for fun"),
        replace(MADE, actor=KeyId("key_2")),
        replace(MADE, account=AccountId(8)),
    ):
        assert Signed(other, signed.signer, signed.signature).is_genuine(vault) is False
        assert sign(other, vault).signature != signed.signature
    assert Signed(MADE, b"", b"").is_genuine(vault) is None
    assert Signed(MADE, b"x", signed.signature).is_genuine(vault) is False


async def test_a_rollback_is_a_new_version_and_all_stay_as_they_were(db: Database, owner_dsn: str) -> None:
    actor = KeyId("key_1")
    async with db.transaction(TENANT) as tx:
        first = await decide.put_policy(tx, ACCOUNT, document(), at=NOON, actor=actor, why="to begin")
        await decide.put_policy(tx, ACCOUNT, document(action="hold"), at=NOON, actor=actor)
        earlier = await decide.policy_document(tx, ACCOUNT, first.version)
        back = await decide.put_policy(tx, ACCOUNT, earlier, at=NOON, actor=KeyId("key_2"), why="back to version 1")
        assert (back.version, back.digest, back.document) == (first.version + 2, first.digest, first.document)
        found = await decide.policy_history(tx, ACCOUNT)
        assert [each.version.why for each in found] == ["back to version 1", "", "to begin"]
        assert [each.is_genuine(tx.vault) for each in found] == [True, True, True]
        with pytest.raises(LookupError):
            await decide.policy_document(tx, ACCOUNT, 9)
        assert [each.version.version for each in await decide.policy_history(tx, ACCOUNT, before=3, limit=1)] == [2]
        for bad in ("x" * (WHY_MAX_CHARS + 1), "a\nb"):
            with pytest.raises(decide.PolicyError):
                await decide.put_policy(tx, ACCOUNT, document(), at=NOON, actor=actor, why=bad)
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update policy set actor = 'key_9' where version = 2")
    async with db.transaction(TENANT) as tx:
        found = await decide.policy_history(tx, ACCOUNT)
        assert [each.is_genuine(tx.vault) for each in found] == [True, False, True]
