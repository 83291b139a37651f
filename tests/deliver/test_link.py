"""The link by which one person rules on one hold."""

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.deliver import link
from gatepost.deliver.link import Link
from gatepost.ids import HoldId, PersonId, TenantId
from gatepost.keys import Keyring
from outbound import NOW, TENANT

RING = Keyring(bytes(32), os.urandom)
LINK = Link(TENANT, HoldId("ho_a"), PersonId("pe_a"), NOW + timedelta(days=7))


def test_a_link_comes_back_until_its_time_is_over() -> None:
    token = link.sign(LINK, RING)
    assert link.read(token, RING, now=NOW) == LINK
    assert link.read(token, RING, now=LINK.expires_at - timedelta(seconds=1)) == LINK
    assert link.read(token, RING, now=LINK.expires_at) is None
    assert link.sign(LINK, RING) == token


def test_a_link_of_another_house_hold_or_person_is_another_one() -> None:
    assert link.read(link.sign(LINK, Keyring(b"\x01" * 32, os.urandom)), RING, now=NOW) is None
    others = (
        replace(LINK, tenant=TenantId("tn_x")),
        replace(LINK, hold=HoldId("ho_x")),
        replace(LINK, person=PersonId("pe_x")),
    )
    tokens = {link.sign(other, RING) for other in others}
    assert len(tokens | {link.sign(LINK, RING)}) == 4


@given(st.integers(0), st.integers(1, 127))
def test_a_link_with_one_character_changed_is_none(place: int, change: int) -> None:
    token = bytearray(link.sign(LINK, RING).encode())
    place %= len(token)
    token[place] = (token[place] + change) % 128
    read = link.read(token.decode(), RING, now=NOW)
    assert read in {None, LINK}  # the last character of base64 has bits that count for nothing
    assert read is None or place in {len(token) - 1, token.index(b".") - 1}


@given(st.text())
def test_whatever_is_presented_is_a_link_or_none(text: str) -> None:
    assert link.read(text, RING, now=NOW) is None


@pytest.mark.parametrize("text", ["", ".", "a" * 10_000, "é.é", "[].", "W10.W10"])
def test_what_is_no_link_is_none(text: str) -> None:
    assert link.read(text, RING, now=NOW) is None
