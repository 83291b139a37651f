import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail import fields
from gatepost.mail.own_ids import OwnIds
from gatepost.verify import automail, check
from gatepost.verify.paper import AutoMail, Marker
from verify.arrivals import PLAIN, arrival
from zones import ZoneResolver

OURS = OwnIds(b"a key of ours")
WRITTEN = OURS.write("em_abc", "house.example")


def read(
    text: str, *, is_null_sender: bool = False, message_id: str = "", references: tuple[str, ...] = ()
) -> AutoMail:
    header = fields.split(text.encode() + b"\r\n\r\n")
    return automail.read(
        header, is_null_sender=is_null_sender, message_id=message_id, references=references, own_ids=OURS
    )


@pytest.mark.parametrize(
    ("field", "keyword", "markers"),
    [
        ("Auto-Submitted: no", "no", set()),
        ("Auto-Submitted: No (a person)", "no", set()),
        ("Auto-Submitted: Auto-Replied (vacation)", "auto-replied", {Marker.AUTO_SUBMITTED}),
        ("Auto-Submitted: auto-notified; owner-email=x", "auto-notified", {Marker.AUTO_SUBMITTED}),
        ("Auto-Submitted: ", "auto-generated", {Marker.AUTO_SUBMITTED}),
        ("Precedence: Bulk", "no", {Marker.BULK}),
        ("Precedence: list", "no", {Marker.LIST}),
        ("Precedence: first-class", "no", set()),
        ("X-Auto-Response-Suppress: All", "no", {Marker.EXCHANGE}),
        ("X-Auto-Response-Suppress: None", "no", set()),
        ("List-Id: <a.example>", "no", {Marker.LIST}),
        ("List-Unsubscribe: <mailto:x@a.example>", "no", {Marker.SUBSCRIPTION}),
        ("X-Autoreply: yes", "no", {Marker.RESPONDER}),
        ("X-Failed-Recipients: a@b.example", "no", {Marker.BOUNCE}),
        ("Content-Type: Multipart/Report; report-type=delivery-status", "no", {Marker.BOUNCE}),
        ("X-Other: yes", "no", set()),
    ],
)
def test_machines_are_known_by_their_markers(field: str, keyword: str, markers: set[Marker]) -> None:
    found = read(field)
    assert found == AutoMail(keyword, tuple(sorted(markers)))
    assert found.is_automatic is bool(markers - {Marker.SUBSCRIPTION})


def test_a_bounce_is_known_by_its_envelope() -> None:
    assert read("Subject: x", is_null_sender=True).markers == (Marker.NULL_SENDER,)


def test_hops_are_counted() -> None:
    assert read("Received: a\r\nReceived: b\r\nX: y").hops == 2


def test_our_own_mail_come_back_is_known_by_its_tag() -> None:
    found = read("Subject: x", message_id=WRITTEN)
    assert found.is_own
    assert found.is_automatic


def test_an_answer_to_us_is_known_and_is_nobodys_machine() -> None:
    found = read("Subject: x", references=("other@x.example", WRITTEN))
    assert found.answers_own
    assert not found.is_automatic


@pytest.mark.parametrize("forged", ["em_abc@house.example", "em_abc.aaaaaaaaaaaaaaaa@house.example"])
def test_a_forged_own_message_id_silences_nobody(forged: str) -> None:
    found = read("Subject: x", message_id=forged, references=(forged,))
    assert not found.is_own
    assert not found.answers_own
    assert not found.is_automatic


async def test_the_whole_check_carries_it() -> None:
    raw = b"Auto-Submitted: auto-replied\r\nIn-Reply-To: <" + WRITTEN.encode() + b">\r\n" + PLAIN
    evidence = (await check(arrival(raw), ZoneResolver({}), own_ids=OURS)).evidence
    assert evidence.auto == AutoMail("auto-replied", (Marker.AUTO_SUBMITTED,), own_references=1)
    plain = (await check(arrival(raw), ZoneResolver({}))).evidence
    assert not plain.auto.answers_own


@given(st.binary(max_size=300))
def test_no_header_raises(octets: bytes) -> None:
    automail.read(fields.split(octets), is_null_sender=False, message_id="", references=(), own_ids=OURS)
