from dataclasses import replace

import pytest

from access.scene import AGENT, AT, OFFICER, SEEDED, A, B
from gatepost.access import (
    ROLE_SCOPES,
    AccessError,
    ApiKey,
    Principal,
    Role,
    Scope,
    add_account,
    add_key,
    add_person,
    authenticate,
    is_in_force,
    list_keys,
    remove_account,
    remove_key,
    remove_person,
)
from gatepost.access.secret import Presented
from gatepost.db import Database
from gatepost.ids import AccountId, KeyId


async def _owner(house: Database, label: str = "first") -> tuple[ApiKey, str]:
    async with house.transaction(A) as tx:
        return await add_key(tx, Role.OWNER, label=label, at=AT, entropy=SEEDED)


async def _agent(house: Database) -> tuple[ApiKey, str, AccountId]:
    async with house.transaction(A) as tx:
        account = await add_account(tx, AGENT, at=AT)
        key, text = await add_key(tx, Role.AGENT, label="agent", at=AT, entropy=SEEDED, account=account.id)
    return key, text, account.id


async def test_who_presents_a_key_is_known_by_it(house: Database) -> None:
    key, text = await _owner(house)
    assert await authenticate(house, text) == Principal(key.id, A, Role.OWNER, frozenset(Scope), None)


async def test_an_agents_key_is_bound_to_its_account(house: Database) -> None:
    key, text, account = await _agent(house)
    assert await authenticate(house, text) == Principal(key.id, A, Role.AGENT, ROLE_SCOPES[Role.AGENT], account)


async def test_a_right_id_with_a_wrong_secret_opens_nothing(house: Database) -> None:
    key, text = await _owner(house)
    wrong = Presented(key.id, "A" * 43)
    assert wrong.text != text
    assert await authenticate(house, wrong.text) is None


async def test_the_secret_of_one_key_does_not_open_another(house: Database) -> None:
    first, _ = await _owner(house)
    _, second = await _owner(house)
    assert await authenticate(house, Presented(first.id, second[-43:]).text) is None


@pytest.mark.parametrize("text", ["", "gp_", "Bearer x", "gp_aaaaaaaaaaaaaaaa_" + "A" * 43, "\x00", "é" * 64])
async def test_what_was_never_given_opens_nothing(house: Database, text: str) -> None:
    assert await authenticate(house, text) is None


async def test_the_secret_is_not_in_the_database(house: Database) -> None:
    _, text = await _owner(house)
    async with house.transaction(A) as tx:
        row = await tx.one("select api_key::text as whole from api_key")
    assert text[-43:] not in row.whole
    assert text[-43:].encode().hex() not in row.whole


async def test_a_removed_key_opens_nothing(house: Database) -> None:
    key, text = await _owner(house)
    async with house.transaction(A) as tx:
        assert await remove_key(tx, key.id)
        assert not await remove_key(tx, key.id)
    assert await authenticate(house, text) is None


async def test_a_key_that_was_removed_or_narrowed_is_no_longer_in_force(house: Database) -> None:
    key, text = await _owner(house)
    principal = await authenticate(house, text)
    assert principal is not None
    assert await is_in_force(house, principal)
    assert not await is_in_force(house, replace(principal, scopes=frozenset({Scope.MAIL_READ})))
    async with house.transaction(A) as tx:
        assert await remove_key(tx, key.id)
    assert not await is_in_force(house, principal)


async def test_an_account_takes_its_keys_along(house: Database) -> None:
    _, text, account = await _agent(house)
    async with house.transaction(A) as tx:
        assert await remove_account(tx, account)
    assert await authenticate(house, text) is None


async def test_a_key_may_have_fewer_scopes_than_its_role(house: Database) -> None:
    async with house.transaction(A) as tx:
        key, text = await add_key(
            tx, Role.OWNER, label="reader", at=AT, entropy=SEEDED, scopes=[Scope.MAIL_READ, Scope.AUDIT_READ]
        )
    principal = await authenticate(house, text)
    assert principal is not None
    assert principal.scopes == key.scopes == {Scope.MAIL_READ, Scope.AUDIT_READ}


@pytest.mark.parametrize("scope", sorted(frozenset(Scope) - ROLE_SCOPES[Role.AGENT]))
async def test_nobody_widens_an_agents_scopes(house: Database, scope: Scope) -> None:
    async with house.transaction(A) as tx:
        account = await add_account(tx, AGENT, at=AT)
        with pytest.raises(AccessError, match=scope):
            await add_key(tx, Role.AGENT, label="x", at=AT, entropy=SEEDED, scopes=[scope], account=account.id)


async def test_a_row_that_claims_more_than_its_role_gets_no_more(house: Database) -> None:
    _, _, account = await _agent(house)
    forged = Presented(KeyId("ky_" + "b" * 16), "B" * 43)
    async with house.transaction(A) as tx:
        await tx.run(
            "insert into api_key (id, tenant, digest, role, scopes, account, sealed, created_at)"
            " values (%(id)s, %(tenant)s, %(digest)s, 'agent', array['policy:write', 'mail:read', 'new:one'],"
            " %(account)s, 'x', now())",
            id=forged.id,
            digest=forged.digest,
            account=account,
        )
    principal = await authenticate(house, forged.text)
    assert principal is not None
    assert principal.scopes == {Scope.MAIL_READ}


async def test_a_key_of_an_unknown_role_opens_nothing(house: Database) -> None:
    forged = Presented(KeyId("ky_" + "b" * 16), "B" * 43)
    async with house.transaction(A) as tx:
        await tx.run(
            "insert into api_key (id, tenant, digest, role, scopes, sealed, created_at)"
            " values (%(id)s, %(tenant)s, %(digest)s, 'emperor', array['mail:read'], 'x', now())",
            id=forged.id,
            digest=forged.digest,
        )
    assert await authenticate(house, forged.text) is None


async def test_an_agents_key_without_an_account_is_refused(house: Database) -> None:
    async with house.transaction(A) as tx:
        with pytest.raises(AccessError, match="one mailbox"):
            await add_key(tx, Role.AGENT, label="x", at=AT, entropy=SEEDED)


async def test_a_key_for_another_tenants_account_is_refused(house: Database) -> None:
    _, _, account = await _agent(house)
    async with house.transaction(B) as tx:
        with pytest.raises(AccessError, match="no such mailbox"):
            await add_key(tx, Role.AGENT, label="x", at=AT, entropy=SEEDED, account=account)
        assert await list_keys(tx) == ()


async def test_keys_are_listed_oldest_first_to_their_own_tenant_only(house: Database) -> None:
    first, _ = await _owner(house, "first")
    second, _, _ = await _agent(house)
    async with house.transaction(A) as tx:
        listed = await list_keys(tx)
    assert sorted(listed, key=lambda key: key.id) == sorted([first, second], key=lambda key: key.id)
    async with house.transaction(B) as tx:
        assert await list_keys(tx) == ()
        assert not await remove_key(tx, first.id)
    async with house.transaction(A) as tx:
        assert len(await list_keys(tx)) == 2


async def test_a_persons_key_is_no_more_than_the_person_and_goes_with_them(house: Database) -> None:
    async with house.transaction(A) as tx:
        officer = await add_person(tx, OFFICER, Role.APPROVER, at=AT, entropy=SEEDED)
        account = await add_account(tx, AGENT, at=AT)
        for role in (Role.OWNER, Role.AGENT):
            with pytest.raises(AccessError, match="that person is approver"):
                await add_key(tx, role, label="k", at=AT, entropy=SEEDED, account=account.id, person=officer)
        key, text = await add_key(tx, Role.APPROVER, label="k", at=AT, entropy=SEEDED, person=officer)
        assert [each.person for each in await list_keys(tx)] == [officer.id] == [key.person]
    assert await authenticate(house, text) is not None
    async with house.transaction(A) as tx:
        assert await remove_person(tx, officer.id)
    assert await authenticate(house, text) is None
