"""What an agent may do now: by its message, by a token of it, or on its own."""

import os
from dataclasses import replace
from typing import Any

import pytest

from decide.scene import ACCOUNT, NOON, TENANT, document, inbound, policy
from gatepost import decide
from gatepost.db import Database
from gatepost.decide import TENANT_WIDE, grant_token, grants, permit, settle
from gatepost.decide.grants import Grant, GrantError, Refusal
from gatepost.decide.paper import Decided, Facts
from gatepost.decide.permit import Basis
from gatepost.ids import AccountId, EmailId, KeyId, TenantId, ThreadId
from gatepost.keys import Keyring

RING = Keyring(bytes(32), os.urandom)
KEY = grant_token.token_key(RING, TENANT)
PUBLIC = KEY.public_key()
ACTOR = KeyId("ky_owner")
FIRST, SECOND = EmailId("em_1"), EmailId("em_2")
THREAD = ThreadId("th_1")


def delivered(email: EmailId, *capabilities: str, version: int = 1) -> Decided:
    return settle(inbound(email=email), policy(version=version, capabilities=list(capabilities)), Facts())


async def issue(db: Database, *decided: Decided, thread: ThreadId = THREAD) -> None:
    async with db.transaction(TENANT) as tx:
        grants.issue_all(tx, [(one, thread) for one in decided])


async def token_of(db: Database, **changes: Any) -> str:
    async with db.transaction(TENANT) as tx:
        found = await grants.of_message(tx, ACCOUNT, FIRST, now=NOON)
    return grant_token.sign_token(replace(found, **changes), KEY)


async def asked(db: Database, *wanted: str, after: Any = None, account: AccountId = ACCOUNT, **basis: Any) -> list[str]:
    """Return why not, which capability, and where it would stand; nothing where it is granted."""
    async with db.transaction(TENANT) as tx:
        try:
            now = NOON if after is None else NOON + after
            await permit.check(tx, account, wanted, Basis(key=PUBLIC, **basis), now=now)
        except GrantError as error:
            return [error.reason, error.wanted, error.place]
    return []


async def put(db: Database, own: list[str] | None, *, account: AccountId = ACCOUNT) -> None:
    written = document() if own is None else {**document(), "onItsOwn": own}
    async with db.transaction(TENANT) as tx:
        await decide.put_policy(tx, account, written, at=NOON, actor=ACTOR)


async def test_what_delivery_implies_needs_no_grant(db: Database) -> None:
    assert await asked(db, "read", "reply", "bounce", "report_usage", message=EmailId("em_none")) == []


async def test_a_message_allows_what_its_rule_grants_and_a_refusal_names_the_rule(db: Database) -> None:
    await issue(db, delivered(FIRST, "search_mail", version=3))
    assert await asked(db, "search_mail", message=FIRST) == []
    assert await asked(db, "search_mail", "send", message=FIRST) == [
        "capability.not_granted",
        "send",
        "senders[0] of policy version 3",
    ]
    assert await asked(db, "send", message=EmailId("em_none")) == ["grant.missing", "send", ""]


async def test_of_a_thread_the_rule_that_lacks_it_is_named(db: Database) -> None:
    await issue(db, delivered(FIRST, "send", version=1), delivered(SECOND, version=2))
    assert (await asked(db, "send", message=FIRST))[2] == "senders[0] of policy version 2"


async def test_a_token_allows_what_it_says_and_no_more(db: Database) -> None:
    await issue(db, delivered(FIRST, "send", "search_mail"))
    narrow = await token_of(db, capabilities=("send",))
    assert await asked(db, "send", token=narrow) == []
    assert (await asked(db, "search_mail", token=narrow))[0] == "capability.not_granted"
    wide = await token_of(db, capabilities=("send", "forward"))
    assert (await asked(db, "forward", token=wide))[0] == "capability.not_granted"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"account": AccountId(8)}, Refusal.OTHER_MAILBOX),
        ({"message": EmailId("em_none")}, Refusal.MISSING),
        ({"thread": ThreadId("th_2")}, Refusal.OTHER_THREAD),
        ({"sender": "eve@example.com"}, Refusal.OTHER_SENDER),
        ({"policy_version": 2}, Refusal.OTHER_VERSION),
        ({"rule": 1}, Refusal.OTHER_VERSION),
        ({"tenant": TenantId("tn_b")}, Refusal.OTHER_TENANT),
        ({"expires_at": NOON}, Refusal.EXPIRED),
    ],
)
async def test_a_token_that_does_not_fit_is_refused_by_what_does_not(
    db: Database, changes: dict[str, Any], reason: Refusal
) -> None:
    await issue(db, delivered(FIRST, "send", version=3))
    assert await asked(db, "send", token=await token_of(db, **changes)) == [reason, "send", ""]


async def test_a_token_of_one_message_is_none_for_another(db: Database) -> None:
    await issue(db, delivered(FIRST, "send"))
    await issue(db, delivered(SECOND, "send"), thread=ThreadId("th_2"))
    token = await token_of(db)
    assert await asked(db, "send", token=token, message=FIRST) == []
    assert (await asked(db, "send", token=token, message=SECOND))[0] == "grant.other_message"


async def test_a_token_of_another_key_is_refused_as_that(db: Database) -> None:
    await issue(db, delivered(FIRST, "send"))
    other = grant_token.token_key(Keyring(b"\x01" * 32, os.urandom), TENANT)
    async with db.transaction(TENANT) as tx:
        found: Grant = await grants.of_message(tx, ACCOUNT, FIRST, now=NOON)
    assert (await asked(db, "send", token=grant_token.sign_token(found, other)))[0] == "grant.other_key"


async def test_neither_a_token_nor_a_lookup_outlives_a_revocation(db: Database) -> None:
    await issue(db, delivered(FIRST, "send"))
    token = await token_of(db)
    async with db.transaction(TENANT) as tx:
        await grants.revoke(tx, ACCOUNT, 1, at=NOON, actor=ACTOR)
    for basis in ({"token": token}, {"message": FIRST}):
        assert (await asked(db, "send", **basis))[0] == "grant.revoked"


async def test_a_token_counts_for_no_more_than_its_thread_does_by_now(db: Database) -> None:
    await issue(db, delivered(FIRST, "send", "forward"))
    token = await token_of(db)
    await issue(db, delivered(SECOND, "forward"))
    assert await asked(db, "forward", token=token) == []
    assert (await asked(db, "send", token=token))[0] == "capability.not_granted"


async def test_on_its_own_an_agent_may_what_the_policy_says(db: Database) -> None:
    assert await asked(db, "send") == ["capability.not_granted", "send", "onItsOwn"]
    await put(db, None)
    assert (await asked(db, "send"))[2] == "onItsOwn of policy version 1"
    await put(db, ["send"])
    assert await asked(db, "send") == []
    assert (await asked(db, "search_mail"))[1] == "search_mail"
    assert (await asked(db, "send", account=AccountId(8)))[0] == "capability.not_granted"


async def test_the_tenants_policy_can_only_narrow_that(db: Database) -> None:
    await put(db, ["send"])
    await put(db, None, account=TENANT_WIDE)
    assert await asked(db, "send") == []
    await put(db, ["search_mail"], account=TENANT_WIDE)
    assert (await asked(db, "send"))[2] == "onItsOwn of the tenant's policy version 2"
    assert (await asked(db, "search_mail"))[2] == "onItsOwn of policy version 1"


async def test_a_message_that_is_named_speaks_and_not_the_policy(db: Database) -> None:
    """Whoever works on a stranger's message may not do for it what it may do by itself."""
    await put(db, ["send"])
    await issue(db, delivered(FIRST))
    assert (await asked(db, "send", message=FIRST))[0] == "capability.not_granted"
