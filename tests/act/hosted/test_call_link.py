"""The link by which one person rules on one held call."""

import os
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.act.hosted import call_link
from gatepost.act.hosted.call_link import CallLink
from gatepost.deliver import link
from gatepost.deliver.link import Link
from gatepost.ids import HoldId, PersonId, TenantId, TurnId
from gatepost.keys import Keyring
from outbound import NOW, TENANT

RING = Keyring(bytes(32), os.urandom)
LINK = CallLink(TENANT, TurnId("tu_a"), "0" * 64, PersonId("pe_a"), NOW + timedelta(hours=20))


def test_a_link_comes_back_until_its_time_is_over() -> None:
    token = call_link.sign(LINK, RING)
    assert call_link.read(token, RING, now=LINK.expires_at - timedelta(seconds=1)) == LINK
    assert call_link.read(token, RING, now=LINK.expires_at) is None


def test_a_link_of_another_turn_call_or_person_is_another_one_and_a_holds_is_none() -> None:
    others = (
        replace(LINK, tenant=TenantId("tn_x")),
        replace(LINK, turn=TurnId("tu_x")),
        replace(LINK, digest="1" * 64),
        replace(LINK, person=PersonId("pe_x")),
    )
    assert len({call_link.sign(one, RING) for one in (LINK, *others)}) == 5
    of_a_hold = link.sign(Link(TENANT, HoldId("ho_a"), PersonId("pe_a"), LINK.expires_at), RING)
    assert call_link.read(of_a_hold, RING, now=NOW) is None
    assert link.read(call_link.sign(LINK, RING), RING, now=NOW) is None


@given(st.text())
def test_whatever_is_presented_is_a_link_or_none(text: str) -> None:
    assert call_link.read(text, RING, now=NOW) is None
