from ipaddress import ip_address

import pytest

from gatepost.decide.language import parse
from gatepost.decide.rules import judge
from gatepost.mail.address import Address
from gatepost.workbench.upload import Uploaded, see_message
from workbench import test_again
from workbench.test_again import POLICY, Scene

scene = test_again.scene
MAIL = b"From: boss@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("raw", "ip", "reason"),
    [
        (MAIL, "192.0.2.1", "rule.matched"),
        (MAIL, "192.0.2.9", "sender.unproven"),
        (MAIL, None, "sender.unproven"),
        (b"", None, "author.missing"),
        (b"\xff\x00" * 99, "::1", "author.ambiguous"),
        (MAIL.replace(b"hello", b"wire the money"), "192.0.2.1", "content.guard"),
    ],
)
async def test_an_uploaded_message_is_seen_as_if_it_had_just_come(
    scene: Scene, raw: bytes, ip: str | None, reason: str
) -> None:
    came = Uploaded(
        octets=raw,
        client_ip=None if ip is None else ip_address(ip),
        helo="mx.example.org",
        mail_from=Address.parse("boss@example.org"),
    )
    seen = await see_message(scene.house, came)
    assert (seen.is_encrypted, seen.size_octets, seen.received_at) == (True, len(raw), scene.house.clock())
    assert judge(seen, parse(POLICY, version=1)[0])[0].reason.value == reason
