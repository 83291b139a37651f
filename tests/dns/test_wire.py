import contextlib
import random
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu import least_cpu_s
from gatepost.dns.paper import RdType
from gatepost.dns.wire import FORMERR, MalformedError, Reply, is_askable, question, read
from hostile_dns import answer

NUMBER = 0x1234


def reply_to(
    *records: str, name: str = "a.example", rdtype: RdType = RdType.A, soa: str | None = None, edit: bytes = b""
) -> Reply | None:
    """Read dnspython's answer to our own question."""
    asked = dns.message.from_wire(question(name, rdtype, NUMBER))
    packet = answer(asked, *records, soa=soa).to_wire(max_size=65535)
    return read(packet + edit, name=name, rdtype=rdtype, number=NUMBER)


@given(st.sampled_from(list(RdType)), st.booleans(), st.integers(0, 65535))
def test_a_question_is_one_that_others_understand(rdtype: RdType, with_edns: bool, number: int) -> None:  # noqa: FBT001  # drawn
    asked = dns.message.from_wire(question("_dmarc.a.example", rdtype, number, with_edns=with_edns))
    assert (asked.id, asked.question[0].name.to_text(), asked.question[0].rdtype.name) == (
        number,
        "_dmarc.a.example.",
        rdtype.value,
    )
    assert asked.flags & dns.flags.RD
    assert (asked.edns == 0) is with_edns
    assert not with_edns or asked.payload == 1232


@pytest.mark.parametrize(
    ("name", "is_carried"),
    [
        ("a.example", True),
        ("_dmarc.a.example", True),
        ("o'neil+x=1.example", True),
        ("a b.example", True),
        ("x" * 63 + ".example", True),
        ("", False),
        (".", False),
        ("a..b", False),
        ("a.", False),
        ("x" * 64 + ".example", False),
        ("b\u00fccher.example", False),
        ("a\\.b.example", False),
        ("a\n.example", False),
        ("a.example\n", False),
        ("\x00.example", False),
        (".".join(["a" * 60] * 5), False),
    ],
)
def test_names_dns_can_carry_are_known(name: str, *, is_carried: bool) -> None:
    assert is_askable(name) is is_carried


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300))
def test_whatever_is_askable_can_be_asked(name: str) -> None:
    if is_askable(name):
        packet = question(name, RdType.TXT, NUMBER)
        asked = dns.message.from_wire(packet).question[0].name
        assert [label.decode() for label in asked.labels[:-1]] == name.split(".")


def test_the_soa_says_how_long_nothing_is_remembered() -> None:
    text = "example. {} SOA ns.example. host.example. 1 7200 3600 86400 {}"
    for ttl, minimum in ((30, 900), (900, 30)):
        found = reply_to(soa=text.format(ttl, minimum))
        assert found is not None
        assert found.negative_ttl_s == 30
    assert reply_to(soa=None) == Reply(0, is_truncated=False)


def test_a_ttl_beyond_31_bits_is_zero() -> None:
    packet = bytearray(answer(dns.message.from_wire(question("a.example", RdType.A, NUMBER))).to_wire())
    packet[6:8] = b"\x00\x01"
    packet[8:12] = b"\x00\x00\x00\x00"
    end = packet.index(b"\x07example\x00") + 9 + 4
    record = b"\xc0\x0c\x00\x01\x00\x01\x80\x00\x00\x00\x00\x04\x7f\x00\x00\x01"
    found = read(bytes(packet[:end]) + record, name="a.example", rdtype=RdType.A, number=NUMBER)
    assert found is not None
    assert [each.ttl_s for each in found.records] == [0]


@pytest.mark.parametrize(
    "changed",
    [
        {"number": NUMBER + 1},
        {"name": "b.example"},
        {"rdtype": RdType.TXT},
    ],
)
def test_a_reply_to_another_question_is_no_reply(changed: dict[str, object]) -> None:
    given_: dict[str, object] = {"name": "a.example", "rdtype": RdType.A, "number": NUMBER, **changed}
    packet = answer(
        dns.message.from_wire(question("a.example", RdType.A, NUMBER)), "a.example. 9 A 192.0.2.1"
    ).to_wire()
    assert read(packet, **given_) is None  # type: ignore[arg-type]  # each value is of its own type
    assert read(question("a.example", RdType.A, NUMBER), name="a.example", rdtype=RdType.A, number=NUMBER) is None


def test_a_server_that_did_not_understand_need_not_repeat_the_question() -> None:
    packet = NUMBER.to_bytes(2, "big") + b"\x80\x01" + bytes(8)
    assert read(packet, name="a.example", rdtype=RdType.A, number=NUMBER) == Reply(FORMERR, is_truncated=False)


HEAD = NUMBER.to_bytes(2, "big") + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x01a\x07example\x00\x00\x01\x00\x01"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"\xc0",
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x7f",  # cut off
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x09\x00\x03\x7f\x00\x00",  # three octets of an address
        b"\xc0\xff\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x7f\x00\x00\x01",  # points behind the end
        b"\xc0\x1b\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x7f\x00\x00\x01",  # points to itself
        b"\x40a\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x7f\x00\x00\x01",  # a label of a kind nobody defined
        b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x02\xc0\x29",  # an alias that points to itself
        b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x05\x01b\x00\x00\x00",  # an alias with something behind it
    ],
)
def test_a_reply_that_cannot_be_read_is_malformed(record: bytes) -> None:
    with pytest.raises(MalformedError):
        read(HEAD + record, name="a.example", rdtype=RdType.A, number=NUMBER)


def test_a_string_longer_than_its_record_is_malformed() -> None:
    head = HEAD.replace(b"\x00\x00\x01\x00\x01", b"\x00\x00\x10\x00\x01")
    record = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x09\x00\x02\x09x"
    with pytest.raises(MalformedError):
        read(head + record, name="a.example", rdtype=RdType.TXT, number=NUMBER)


def test_octets_that_no_host_name_holds_are_spelled_so_that_nobody_asks_for_them() -> None:
    found = reply_to("a.example. 9 CNAME b\\.c\\000\\255.example.")
    assert found is not None
    [alias] = found.records
    assert alias.text == "b\\046c\\000\\255.example"
    assert not is_askable(alias.text)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_octets_are_a_reply_or_malformed_or_no_reply(octets: bytes, keep: int) -> None:
    for packet in (octets, HEAD[:keep] + octets):
        with contextlib.suppress(MalformedError):
            read(packet, name="a.example", rdtype=RdType.A, number=NUMBER)


@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_a_damaged_reply_never_raises_anything_else(chance: random.Random, damage: int) -> None:
    asked = dns.message.from_wire(question("a.example", RdType.MX, NUMBER))
    packet = bytearray(
        answer(
            asked, "a.example. 60 CNAME b.example.", "b.example. 60 MX 10 mx.b.example.", "b.example. 60 MX 20 c."
        ).to_wire()
    )
    for _ in range(damage):
        packet[chance.randrange(12, len(packet))] = chance.randrange(256)
    with contextlib.suppress(MalformedError):
        read(bytes(packet), name="a.example", rdtype=RdType.MX, number=NUMBER)


NAMES = st.from_regex(r"[a-z0-9_]{1,20}(\.[a-z0-9]{1,20}){0,4}", fullmatch=True)


ROWS = st.lists(st.tuples(NAMES, st.integers(0, 2**31 - 1), st.integers(0, 65535), NAMES), max_size=8)


@given(ROWS)
def test_we_read_what_others_write(rows: list[tuple[str, int, int, str]]) -> None:
    asked = dns.message.from_wire(question("a.example", RdType.MX, NUMBER))
    made = dns.message.make_response(asked)
    for owner, ttl, preference, host in rows:
        made.answer.append(dns.rrset.from_text(f"{owner}.", ttl, "IN", "MX", f"{preference} {host}."))
    found = read(made.to_wire(), name="a.example", rdtype=RdType.MX, number=NUMBER)
    assert found is not None
    got = [(each.owner, each.ttl_s, each.text) for each in found.records]
    assert got == [(owner, ttl, f"{preference} {host}") for owner, ttl, preference, host in rows]


def test_the_largest_reply_is_read_in_linear_time() -> None:
    """Of 64 KB full of owners, each a pointer to a pointer to a pointer, no record costs more than its few steps."""
    alias = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x02"
    chain = b"".join(alias + b"\xc0" + bytes((0x0C if at == 0 else 0x27 + (at - 1) * 14,)) for at in range(15))
    last = (len(HEAD) + 14 * 14 + 12).to_bytes(2, "big")
    record = bytes((0xC0 | last[0], last[1])) + b"\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\x7f\x00\x00\x01"
    count = (65535 - len(HEAD) - len(chain)) // len(record)
    head = bytearray(HEAD)
    head[6:8] = (count + 15).to_bytes(2, "big")
    started = time.process_time()
    found = read(bytes(head) + chain + record * count, name="a.example", rdtype=RdType.A, number=NUMBER)
    assert time.process_time() - started < 0.5
    assert found is not None
    assert len(found.records) == count + 15
    assert found.records[-1].owner == "a.example"


@pytest.mark.parametrize("rdtype", [RdType.A, RdType.PTR])
def test_a_long_name_that_thousands_of_pointers_lead_to_is_read_once(rdtype: RdType) -> None:
    """A resolver spells the owner of each record as a pointer, and the end of each name in it."""

    def cost_s(labels: int) -> float:
        asked = "x.example"
        packet = question(asked, rdtype, NUMBER, with_edns=False)
        name = b"\x01a" * labels + b"\x00"
        alias = b"\xc0\x0c" + struct.pack("!HHIH", 5, 1, 60, len(name)) + name
        pointer = (0xC000 | len(packet) + 12).to_bytes(2, "big")
        data = b"\x7f\x00\x00\x01" if rdtype is RdType.A else b"\x01b" + pointer
        records = (pointer + packet[-4:] + struct.pack("!IH", 60, len(data)) + data) * 3_900
        head = packet[:2] + b"\x81\x80" + struct.pack("!4H", 1, 3_901, 0, 0)
        whole = head + packet[12:] + alias + records

        def work() -> None:
            found = read(whole, name=asked, rdtype=rdtype, number=NUMBER)
            assert found is not None
            assert len({each.text for each in found.records}) == 2

        return least_cpu_s(work)

    assert cost_s(120) < 3 * cost_s(2)


@pytest.mark.parametrize(("octets", "is_read"), [(255, True), (256, False)])
def test_a_name_is_no_longer_than_a_name_may_be_also_behind_a_pointer(octets: int, is_read: bool) -> None:  # noqa: FBT001  # parametrised
    asked = ".".join(["y" * 60] * 3)
    packet = question(asked, RdType.A, NUMBER, with_edns=False)
    rest = octets - (len(asked) + 2) - 2 - 31  # but for the octets of length, and thirty characters
    owner = b"\x1e" + b"x" * 30 + bytes((rest + 1,)) + b"x" * (rest + 1)
    record = owner + b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + b"\x7f\x00\x00\x01"
    whole = packet[:2] + b"\x81\x80" + struct.pack("!4H", 1, 1, 0, 0) + packet[12:] + record
    if is_read:
        assert read(whole, name=asked, rdtype=RdType.A, number=NUMBER) is not None
    else:
        with pytest.raises(MalformedError):
            read(whole, name=asked, rdtype=RdType.A, number=NUMBER)
