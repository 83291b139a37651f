import base64
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest

from gatepost.decide import PolicyError
from gatepost.doors.rest.workbench_bodies import DIFF, EXPLAIN, TEST, described, read_question, uploaded
from gatepost.mail.address import Address

POLICY = {"defaultAction": "bounce"}


def test_a_question_is_a_policy_or_holds_one() -> None:
    assert read_question(POLICY, EXPLAIN).policy == POLICY
    assert read_question({"policy": POLICY, "other": None}, DIFF).besides == {}
    assert read_question({"policy": POLICY, "other": POLICY}, DIFF).besides == {"other": POLICY}
    assert read_question([], TEST).policy == []


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"message": 1}, "message must be an object with some of: octets, clientIp, helo, mailFrom, receivedAt"),
        ({"message": {}}, "message.octets must be given"),
        ({"message": {"octets": "a"}}, "message.octets must be base64 (RFC 4648 section 4)"),
        ({"message": {"octets": 1}}, "message.octets must be base64 (RFC 4648 section 4)"),
        ({"message": {"octets": "", "clientIp": "1.2.3"}}, "message.clientIp must be an IP address"),
        ({"message": {"octets": "", "clientIp": 7}}, "message.clientIp must be an IP address"),
        ({"message": {"octets": "", "mailFrom": "\ud800@a"}}, "message.mailFrom must be an address, or empty"),
        ({"message": {"octets": "", "tlz": True}}, "message.tlz is not a field; the nearest is helo"),
    ],
)
def test_every_fault_of_an_uploaded_message_is_named(written: dict[str, Any], fault: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_question({"policy": POLICY, **written}, EXPLAIN)
    assert caught.value.errors == [fault]


def test_an_uploaded_message_says_how_it_came() -> None:
    told = {
        "octets": base64.b64encode(b"\xff\r\n").decode(),
        "clientIp": "2001:db8::1",
        "mailFrom": "a@b.test",
        "helo": "mx",
        "receivedAt": "2026-01-01T00:00:00Z",
    }
    message = uploaded(read_question({"policy": POLICY, "message": told}, EXPLAIN).besides["message"])
    assert (message.octets, message.client_ip, message.helo) == (b"\xff\r\n", ip_address("2001:db8::1"), "mx")
    assert (message.mail_from, message.received_at) == (Address("a", "b.test"), datetime(2026, 1, 1, tzinfo=UTC))
    empty = {"policy": POLICY, "message": {"octets": "", "mailFrom": ""}}
    bare = uploaded(read_question(empty, EXPLAIN).besides["message"])
    assert (bare.client_ip, bare.mail_from, bare.received_at) == (None, None, None)


def test_a_question_is_described_with_its_members() -> None:
    _, holding = described(EXPLAIN)["anyOf"]
    assert set(holding["properties"]) == {"policy", "mail", "message"}
