"""An arrival written down and read back."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.arrive import resume
from gatepost.arrive.paper import Arrived, Direction, Door, Peer, Tls
from gatepost.ids import AccountId, BlobId, EmailId, KeyId, TenantId
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope

addresses = st.sampled_from([Address("boss", "example.com"), Address('"a b"', "example.org"), Address("ü", "[::1]")])
peers = st.none() | st.builds(
    Peer,
    st.sampled_from([ip_address("192.0.2.1"), ip_address("2001:db8::1")]),
    st.text(),
    st.none() | st.builds(Tls, st.just("TLSv1.3"), st.just("TLS_AES_256_GCM_SHA384")),
)
arrivals = st.builds(
    Arrived,
    email=st.just(EmailId("em_1")),
    tenant=st.just(TenantId("tn_a")),
    account=st.just(AccountId(7)),
    direction=st.sampled_from(Direction),
    door=st.sampled_from(Door),
    envelope=st.builds(Envelope, st.none() | addresses, st.lists(addresses, min_size=1).map(tuple)),
    raw=st.just(b"octets"),
    blob=st.just(BlobId("00")),
    received_at=st.datetimes(timezones=st.just(UTC)),
    peer=peers,
    submitter=st.none() | st.just(KeyId("ky_1")),
    in_reply_to=st.none() | st.just(EmailId("em_0")),
    identity=st.none() | st.text(min_size=1),
    is_postmaster=st.booleans(),
)


@given(arrivals)
def test_what_was_spelled_is_read_back_as_it_was(arrived: Arrived) -> None:
    spelled = json.loads(json.dumps(resume.spell(arrived)))
    assert resume.read(spelled, b"octets") == arrived


def test_the_octets_are_not_spelled() -> None:
    arrived = Arrived.by_question(
        envelope=Envelope(None, ()),
        peer=None,
        raw=b"the canary",
        blob=BlobId("00"),
        received_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    assert "canary" not in json.dumps(resume.spell(arrived))


def test_a_word_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(KeyError):
        resume.read({}, b"")
