from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from gatepost.app.explain import Circumstances, look, on_the_wire
from gatepost.mail.address import Address
from gatepost.verify.paper import Result
from zones import ZoneResolver

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RAW = b"From: alex@partner.example\r\nSubject: x\r\n\r\nhello\r\n"
ZONE = {"partner.example": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]}}


@pytest.mark.parametrize(
    ("kept", "sent"),
    [
        (b"A: b\n\nx\n", b"A: b\r\n\r\nx\r\n"),
        (b"A: b\r\n\r\nx\ny", b"A: b\r\n\r\nx\ny"),
        (b"A: b\r\n\r\n", b"A: b\r\n\r\n"),
    ],
)
def test_a_file_with_bare_line_feeds_has_its_line_ends_back(kept: bytes, sent: bytes) -> None:
    assert on_the_wire(kept) == sent


async def test_how_it_came_decides_about_spf() -> None:
    sender = Address.parse("alex@partner.example")
    for address, result in (("192.0.2.7", Result.PASS), ("192.0.2.8", Result.FAIL)):
        came = Circumstances(client_ip=ip_address(address), helo="mx.partner.example", mail_from=sender)
        assert (await look(RAW, came, ZoneResolver(ZONE), at=AT)).evidence.spf.result is result


async def test_without_a_client_there_is_no_spf_verdict() -> None:
    assert (await look(RAW, Circumstances(), ZoneResolver(ZONE), at=AT)).evidence.spf.result is Result.NONE
