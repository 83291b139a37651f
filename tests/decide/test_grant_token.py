"""The token of a grant: what it brings back, and how each that does not fit is refused."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from decide.scene import ACCOUNT, BOSS, NOON, TENANT
from gatepost.decide import grant_token, grants
from gatepost.decide.grants import Grant, GrantError, Refusal
from gatepost.decide.paper import TokenBudget
from gatepost.ids import EmailId, KeyId, TenantId, ThreadId
from gatepost.keys import Keyring

RING = Keyring(bytes(32), os.urandom)
KEY = grant_token.token_key(RING, TENANT)
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
def test_a_token_brings_its_grant_back(found: list[Grant]) -> None:
    token = grant_token.sign_token(found[0], KEY)
    assert grant_token.verify_token(token, PUBLIC, tenant=TENANT, now=NOON) == found[0]
    assert grant_token.sign_token(found[0], KEY) == token


def test_another_implementation_of_jws_reads_the_token() -> None:
    public = OKPKey.import_key(PUBLIC)
    read = jws.deserialize_compact(grant_token.sign_token(grant("send"), KEY), public, algorithms=["Ed25519"])
    assert orjson.loads(read.payload)["capabilities"] == ["send"]
    assert read.headers() == {"alg": "Ed25519", "typ": "gatepost-grant+jwt"}


def refusal(token: str, *, tenant: TenantId = TENANT, after: timedelta = timedelta(0)) -> Refusal | None:
    try:
        grant_token.verify_token(token, PUBLIC, tenant=tenant, now=NOON + after)
    except GrantError as error:
        return error.reason
    return None


def test_a_token_expires_with_its_grant() -> None:
    token = grant_token.sign_token(grant("send"), KEY)
    assert refusal(token, after=grants.LASTS - timedelta(seconds=1)) is None
    assert refusal(token, after=grants.LASTS) is Refusal.EXPIRED


def test_a_token_of_another_tenant_or_key_says_so() -> None:
    other = grant_token.token_key(RING, TenantId("tn_b"))
    assert refusal(grant_token.sign_token(grant("send", tenant=TenantId("tn_b")), other)) is Refusal.OTHER_TENANT
    assert refusal(grant_token.sign_token(grant("send"), other)) is Refusal.OTHER_KEY
    assert refusal(grant_token.sign_token(grant("send"), KEY), tenant=TenantId("tn_b")) is Refusal.OTHER_TENANT


def test_a_forger_who_names_our_key_is_refused_all_the_same() -> None:
    forger = Ed25519PrivateKey.generate()
    header, payload, _ = grant_token.sign_token(grant("send"), KEY).split(".")
    signed = f"{header}.{payload}".encode()
    assert refusal(f"{header}.{payload}.{grant_token._spell(forger.sign(signed)).decode()}") is Refusal.INVALID


def test_no_header_but_ours_is_read() -> None:
    header, payload, signature = grant_token.sign_token(grant("send"), KEY).split(".")
    key = OKPKey.import_key(KEY)
    foreign = jws.serialize_compact({"alg": "Ed25519"}, orjson.dumps({}), key, algorithms=["Ed25519"])
    none = f"eyJhbGciOiJub25lIn0.{payload}."
    for text in ("", ".", "..", foreign, none, f"{header}.{payload}", f"{header}.{payload}.", f"{header}..{signature}"):
        assert refusal(text) is Refusal.INVALID
    assert refusal(f"{header}.{payload}.{signature}=") is Refusal.INVALID


@given(st.integers(0), st.integers(1, 255))
def test_a_token_with_one_octet_changed_is_none(place: int, change: int) -> None:
    token = bytearray(grant_token.sign_token(grant("send"), KEY).encode())
    token[place % len(token)] ^= change
    # Where the octet is in the name of the tenant or of the key, it is refused by what it says it is.
    assert refusal(token.decode("latin-1")) in {Refusal.INVALID, Refusal.OTHER_TENANT, Refusal.OTHER_KEY}


@given(st.text() | st.binary().map(lambda octets: octets.decode("latin-1")))
def test_whatever_a_stranger_presents_is_refused_by_a_word_of_ours(text: str) -> None:
    assert refusal(text) is Refusal.INVALID
    assert refusal("x" * (grant_token.TOKEN_MAX_CHARS + 1)) is Refusal.INVALID


def test_a_payload_we_signed_and_do_not_understand_is_refused() -> None:
    header = grant_token.sign_token(grant(), KEY).partition(".")[0]
    for payload in (b"[]", b"{}", b"\xff", b'{"tenant":1}', orjson.dumps({"tenant": "tn_a", "limits": 3})):
        signed = f"{header}.{grant_token._spell(payload).decode()}".encode()
        token = b".".join((signed, grant_token._spell(KEY.sign(signed)))).decode()
        assert refusal(token) is Refusal.INVALID


def test_keys_differ_by_tenant_and_house() -> None:
    def public(key: Ed25519PrivateKey) -> bytes:
        return key.public_key().public_bytes_raw()

    same = grant_token.token_key(Keyring(bytes(32), os.urandom), TENANT)
    elsewhere = grant_token.token_key(Keyring(b"\x01" * 32, os.urandom), TENANT)
    assert public(same) == public(KEY)
    assert len({public(KEY), public(elsewhere), public(grant_token.token_key(RING, TenantId("tn_b")))}) == 3
