"""Grants: the thread, what is revoked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from decide.scene import ACCOUNT, BOSS, NOON, TENANT, inbound, policy
from gatepost import decide
from gatepost.db import Database
from gatepost.decide import grants, settle
from gatepost.decide.grants import Grant, GrantError
from gatepost.decide.paper import Decided, Facts, TokenBudget
from gatepost.ids import AccountId, EmailId, KeyId, TenantId, ThreadId

ACTOR = KeyId("ky_owner")
THREAD = ThreadId("th_1")


def grant(*capabilities: str, **changes: Any) -> Grant:
    made = Grant(
        tenant=TENANT,
        account=ACCOUNT,
        message=EmailId("em_1"),
        thread=THREAD,
        sender=BOSS.key,
        rule=0,
        policy_version=1,
        capabilities=capabilities,
        limits=TokenBudget(),
        issued_at=NOON,
        expires_at=NOON + grants.LASTS,
    )
    return replace(made, **changes)


limits = st.builds(TokenBudget, *[st.none() | st.integers(0, 9)] * 4)
some = st.lists(st.sampled_from(["send", "calendar.read", "read_calendar", "forward", "http:crm"]), unique=True)
given_grants = st.lists(st.builds(lambda names, budget: grant(*names, limits=budget), some, limits), min_size=1)


@given(given_grants)
def test_a_thread_allows_what_every_grant_of_it_allows(found: list[Grant]) -> None:
    left = grants.effective(found)
    for name in ("send", "calendar.read", "forward", "http:crm", "handover"):
        assert left.allows(name) == all(one.allows(name) for one in found)
    for mine, *theirs in zip(left.limits.as_list(), *(one.limits.as_list() for one in found), strict=True):
        given_limits = [limit for limit in theirs if limit is not None]
        assert mine == (min(given_limits) if given_limits else None)


@given(given_grants)
def test_the_message_that_is_worked_on_speaks_for_its_thread(found: list[Grant]) -> None:
    last = replace(found[-1], message=EmailId("em_own"), expires_at=NOON)
    left = grants.effective([*found[:-1], last])
    assert (left.message, left.expires_at) == ("em_own", NOON)


# At rest.


def delivered(email: str, *capabilities: str, version: int = 1, **rule: Any) -> Decided:
    found = inbound(email=EmailId(email))
    return settle(found, policy(version=version, capabilities=list(capabilities), **rule), Facts())


async def issue(db: Database, *decided: Decided, thread: ThreadId = THREAD) -> None:
    async with db.transaction(TENANT) as tx:
        grants.issue_all(tx, [(one, thread) for one in decided])


async def looked_up(db: Database, email: str, *, account: AccountId = ACCOUNT, after: timedelta | None = None) -> Grant:
    async with db.transaction(TENANT) as tx:
        now = NOON + (after or timedelta(0))
        return await grants.of_message(tx, account, EmailId(email), now=now)


async def test_a_delivered_message_has_the_grant_of_its_rule(db: Database) -> None:
    await issue(db, delivered("em_1", "send", version=3, tokenBudget={"perThread": 100, "perDay": 7}))
    found = await looked_up(db, "em_1")
    limits_found = TokenBudget(per_thread=100, per_day=7)
    assert found == grant("send", policy_version=3, limits=limits_found)


async def test_a_message_without_a_rule_has_no_grant(db: Database) -> None:
    opened = settle(inbound(is_postmaster=True), None, Facts())
    await issue(db, opened)
    with pytest.raises(GrantError, match=r"grant\.missing"):
        await looked_up(db, "em_1")


async def test_a_thread_with_several_grants_has_the_intersection(db: Database) -> None:
    await issue(db, delivered("em_1", "send", "calendar.read"))
    await issue(db, delivered("em_2", "calendar.read", "forward", tokenBudget={"perDay": 5}, version=2))
    await issue(db, delivered("em_3", "forward"), thread=ThreadId("th_other"))
    assert (await looked_up(db, "em_1")).capabilities == ("calendar.read",)
    assert (await looked_up(db, "em_1")).limits.per_day == 5
    assert (await looked_up(db, "em_2")).capabilities == ("calendar.read",)
    assert (await looked_up(db, "em_3")).capabilities == ("forward",)


async def test_a_grant_expires_but_still_narrows_its_thread(db: Database) -> None:
    await issue(db, delivered("em_1", "send"))
    late = structs.replace(delivered("em_2", "send", "forward").verified.arrived, received_at=NOON + grants.LASTS)
    newer = settle(
        inbound(email=EmailId("em_2"), received_at=late.received_at), policy(capabilities=["forward"]), Facts()
    )
    await issue(db, newer)
    with pytest.raises(GrantError, match=r"grant\.expired"):
        await looked_up(db, "em_1", after=grants.LASTS)
    assert (await looked_up(db, "em_2", after=grants.LASTS)).capabilities == ()


async def test_revoking_a_policy_version_revokes_its_grants_and_no_others(db: Database) -> None:
    await issue(db, delivered("em_1", "send", version=1))
    await issue(db, delivered("em_2", "send", version=2), thread=ThreadId("th_2"))
    async with db.transaction(TENANT) as tx:
        assert await grants.revoke(tx, ACCOUNT, 1, at=NOON, actor=ACTOR)
        assert not await grants.revoke(tx, ACCOUNT, 1, at=NOON, actor=ACTOR)
    with pytest.raises(GrantError, match=r"grant\.revoked"):
        await looked_up(db, "em_1")
    assert (await looked_up(db, "em_2")).allows("send")


async def test_whose_grant_was_revoked_may_ask_for_nothing_in_its_thread_either(db: Database) -> None:
    await issue(db, delivered("em_1", "send", version=1), delivered("em_2", "send", version=2))
    assert (await looked_up(db, "em_2")).allows("send")
    async with db.transaction(TENANT) as tx:
        await grants.revoke(tx, ACCOUNT, 1, at=NOON, actor=ACTOR)
    assert not (await looked_up(db, "em_2")).allows("send")


async def test_nobody_looks_up_a_grant_of_another_account_or_tenant(db: Database) -> None:
    await issue(db, delivered("em_1", "send"))
    with pytest.raises(GrantError, match=r"grant\.missing"):
        await looked_up(db, "em_1", account=AccountId(8))
    async with db.transaction(TenantId("tn_b")) as tx:
        with pytest.raises(GrantError, match=r"grant\.missing"):
            await grants.of_message(tx, ACCOUNT, EmailId("em_1"), now=NOON)


async def test_a_long_thread_is_looked_up_by_the_likeness_of_its_grants(db: Database) -> None:
    await issue(db, *(delivered(f"em_{number}", "send", "forward") for number in range(50)))
    await issue(db, delivered("em_x", "send"))
    assert (await looked_up(db, "em_7")).capabilities == ("send",)


async def test_a_version_above_the_mailboxes_has_no_grants_to_revoke(db: Database) -> None:
    document = {"defaultAction": "bounce", "auditLog": {"retentionDays": 1}}
    async with db.transaction(TENANT) as tx:
        stored = await decide.put_policy(tx, decide.TENANT_WIDE, document, at=NOON, actor=ACTOR)
        with pytest.raises(LookupError):
            await decide.revoke_policy(tx, decide.TENANT_WIDE, stored.version, at=NOON, actor=ACTOR)
