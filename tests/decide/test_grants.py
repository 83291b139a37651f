"""Grants: the token, the thread, what is revoked."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from decide.scene import ACCOUNT, BOSS, NOON, TENANT, inbound, policy
from gatepost.db import Database
from gatepost.decide import grants, settle
from gatepost.decide.grants import Grant, GrantError, Refusal
from gatepost.decide.paper import Decided, Facts, TokenBudget
from gatepost.ids import AccountId, EmailId, KeyId, TenantId, ThreadId
from gatepost.keys import Keyring

RING = Keyring(bytes(32), os.urandom)
KEY = grants.token_key(RING, TENANT)
PUBLIC = KEY.public_key()
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


@given(given_grants)
def test_a_token_brings_its_grant_back(found: list[Grant]) -> None:
    token = grants.sign_token(found[0], KEY)
    assert grants.verify_token(token, PUBLIC, tenant=TENANT, now=NOON) == found[0]
    assert grants.sign_token(found[0], KEY) == token


def test_another_implementation_of_jws_reads_the_token() -> None:
    public = OKPKey.import_key(PUBLIC)
    read = jws.deserialize_compact(grants.sign_token(grant("send"), KEY), public, algorithms=["Ed25519"])
    assert orjson.loads(read.payload)["capabilities"] == ["send"]
    assert read.headers() == {"alg": "Ed25519", "typ": "gatepost-grant+jwt"}


def refusal(token: str, *, tenant: TenantId = TENANT, after: timedelta = timedelta(0)) -> Refusal | None:
    try:
        grants.verify_token(token, PUBLIC, tenant=tenant, now=NOON + after)
    except GrantError as error:
        return error.reason
    return None


def test_a_token_expires_with_its_grant() -> None:
    token = grants.sign_token(grant("send"), KEY)
    assert refusal(token, after=grants.LASTS - timedelta(seconds=1)) is None
    assert refusal(token, after=grants.LASTS) is Refusal.EXPIRED


def test_a_token_of_another_tenant_or_key_is_none() -> None:
    other = grants.token_key(RING, TenantId("tn_b"))
    assert refusal(grants.sign_token(grant("send", tenant=TenantId("tn_b")), other)) is Refusal.INVALID
    assert refusal(grants.sign_token(grant("send"), other)) is Refusal.INVALID
    assert refusal(grants.sign_token(grant("send"), KEY), tenant=TenantId("tn_b")) is Refusal.INVALID


def test_no_header_but_ours_is_read() -> None:
    header, payload, signature = grants.sign_token(grant("send"), KEY).split(".")
    key = OKPKey.import_key(KEY)
    foreign = jws.serialize_compact({"alg": "Ed25519"}, orjson.dumps({}), key, algorithms=["Ed25519"])
    none = f"eyJhbGciOiJub25lIn0.{payload}."
    for text in ("", ".", "..", foreign, none, f"{header}.{payload}", f"{header}.{payload}.", f"{header}..{signature}"):
        assert refusal(text) is Refusal.INVALID
    assert refusal(f"{header}.{payload}.{signature}=") is Refusal.INVALID


@given(st.integers(0), st.integers(1, 255))
def test_a_token_with_one_octet_changed_is_none(place: int, change: int) -> None:
    token = bytearray(grants.sign_token(grant("send"), KEY).encode())
    token[place % len(token)] ^= change
    assert refusal(token.decode("latin-1")) is Refusal.INVALID


@given(st.text() | st.binary().map(lambda octets: octets.decode("latin-1")))
def test_whatever_a_stranger_presents_is_refused_by_a_word_of_ours(text: str) -> None:
    assert refusal(text) is Refusal.INVALID
    assert refusal("x" * (grants.TOKEN_MAX_CHARS + 1)) is Refusal.INVALID


def test_a_payload_we_signed_and_do_not_understand_is_refused() -> None:
    header = grants.sign_token(grant(), KEY).partition(".")[0]
    for payload in (b"[]", b"{}", b"\xff", b'{"tenant":1}', orjson.dumps({"tenant": "tn_a", "limits": 3})):
        signed = f"{header}.{grants._spell(payload).decode()}".encode()
        token = b".".join((signed, grants._spell(KEY.sign(signed)))).decode()
        assert refusal(token) is Refusal.INVALID


def test_keys_differ_by_tenant_and_house() -> None:
    def public(key: Ed25519PrivateKey) -> bytes:
        return key.public_key().public_bytes_raw()

    same = grants.token_key(Keyring(bytes(32), os.urandom), TENANT)
    elsewhere = grants.token_key(Keyring(b"\x01" * 32, os.urandom), TENANT)
    assert public(same) == public(KEY)
    assert len({public(KEY), public(elsewhere), public(grants.token_key(RING, TenantId("tn_b")))}) == 3


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
    late = replace(delivered("em_2", "send", "forward").verified.arrived, received_at=NOON + grants.LASTS)
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
    token = grants.sign_token(await looked_up(db, "em_1"), KEY)
    async with db.transaction(TENANT) as tx:
        assert await grants.revoke(tx, ACCOUNT, 1, at=NOON, actor=ACTOR)
        assert not await grants.revoke(tx, ACCOUNT, 1, at=NOON, actor=ACTOR)
    with pytest.raises(GrantError, match=r"grant\.revoked"):
        await looked_up(db, "em_1")
    async with db.transaction(TENANT) as tx:
        with pytest.raises(GrantError, match=r"grant\.revoked"):
            await grants.redeem(tx, token, PUBLIC, account=ACCOUNT, now=NOON)
    assert (await looked_up(db, "em_2")).allows("send")


async def test_a_token_counts_for_no_more_than_its_thread_does_by_now(db: Database) -> None:
    await issue(db, delivered("em_1", "send", "forward"))
    token = grants.sign_token(await looked_up(db, "em_1"), KEY)
    await issue(db, delivered("em_2", "forward"))
    async with db.transaction(TENANT) as tx:
        redeemed = await grants.redeem(tx, token, PUBLIC, account=ACCOUNT, now=NOON)
        assert redeemed.capabilities == ("forward",)
        with pytest.raises(GrantError, match=r"grant\.foreign"):
            await grants.redeem(tx, token, PUBLIC, account=AccountId(8), now=NOON)


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
