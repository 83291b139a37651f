"""The address of a petition's page."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from gatepost.act.petition import link
from gatepost.deliver import link as hold_link
from gatepost.ids import PersonId, PetitionId, TenantId
from gatepost.keys import Keyring

RING = Keyring(bytes(32), os.urandom)
TENANT, PETITION = TenantId("tn_a"), PetitionId("pt_1")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_an_address_leads_to_its_petition_and_only_in_its_house() -> None:
    token = link.sign(TENANT, PETITION, RING)
    assert link.read(token, RING) == (TENANT, PETITION)
    assert link.read(token, Keyring(b"\x01" * 32, os.urandom)) is None


@pytest.mark.parametrize("place", [0, 5, -5, -1])
def test_a_changed_token_leads_nowhere(place: int) -> None:
    token = link.sign(TENANT, PETITION, RING)
    changed = list(token)
    changed[place] = "A" if changed[place] != "A" else "E"
    assert link.read("".join(changed), RING) is None
    assert link.read("", RING) is None
    assert link.read("é.é", RING) is None


def test_a_persons_link_is_theirs_until_it_is_over_and_no_other_kind_of_link() -> None:
    own = link.PersonLink(TENANT, PETITION, PersonId("pe_1"), NOON)
    token = link.sign_for(own, RING)
    assert link.read_for(token, RING, now=NOON - timedelta(seconds=1)) == own
    assert link.read_for(token, RING, now=NOON) is None
    assert link.read(token, RING) is None
    assert link.read_for(link.sign(TENANT, PETITION, RING), RING, now=NOON - timedelta(seconds=1)) is None


def test_a_link_to_a_hold_is_none_to_a_petition() -> None:
    other = hold_link.sealed([TENANT, PETITION], RING, hold_link.PURPOSE)
    assert link.read(other, RING) is None


def test_without_a_public_url_there_is_no_address() -> None:
    assert link.url("", TENANT, PETITION, RING) is None
    assert link.url("https://mail.test/", TENANT, PETITION, RING) == (
        f"https://mail.test/petition/{link.sign(TENANT, PETITION, RING)}"
    )
