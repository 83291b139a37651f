import pytest

from gatepost.dns.paper import RdType
from gatepost.verify.answers import Answers
from gatepost.verify.tree_walk import SMALL_OCTETS, DmarcRecord, Walk, record_names, walk
from zones import Zone, ZoneResolver


def zone(**records: str) -> Zone:
    return {f"_dmarc.{name.replace('_', '.')}": {"TXT": [text]} for name, text in records.items()}


async def walked_by(resolver: ZoneResolver, domain: str) -> Walk:
    known = Answers(resolver)
    return await known.settle(lambda: walk(known, domain))


def test_every_name_up_to_the_top_is_asked() -> None:
    assert record_names("a.b.example") == ("_dmarc.a.b.example", "_dmarc.b.example", "_dmarc.example")


def test_long_names_are_shortened_to_seven_labels() -> None:
    asked = record_names("a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert len(asked) == 8
    assert asked[1] == "_dmarc.g.h.i.j.mail.example.com"
    assert asked[-1] == "_dmarc.com"


@pytest.mark.parametrize(
    ("records", "organizational", "policy_at"),
    [
        ({}, "a.b.example", None),
        ({"b_example": "v=DMARC1; p=none"}, "b.example", "b.example"),
        ({"a_b_example": "v=DMARC1; p=none", "b_example": "v=DMARC1; p=reject"}, "b.example", "a.b.example"),
        ({"a_b_example": "v=DMARC1; p=none; psd=n", "b_example": "v=DMARC1; p=reject"}, "a.b.example", "a.b.example"),
        ({"b_example": "v=DMARC1; p=none; psd=y"}, "a.b.example", "b.example"),
        ({"example": "v=DMARC1; p=none; psd=y"}, "b.example", "example"),
        ({"a_b_example": "v=DMARC1; psd=y", "b_example": "v=DMARC1; p=none"}, "a.b.example", "a.b.example"),
        ({"b_example": "v=dmarc1; p=none"}, "a.b.example", None),
        ({"b_example": "v=DMARC1x; p=none"}, "a.b.example", None),
        ({"b_example": "v = DMARC1 ;p=none"}, "b.example", "b.example"),
    ],
)
async def test_whose_name_it_is(records: dict[str, str], organizational: str, policy_at: str | None) -> None:
    walked = await walked_by(ZoneResolver(zone(**records)), "a.b.example")
    assert walked.organizational_domain == organizational
    assert (walked.policy_record.name if walked.policy_record else None) == policy_at


async def test_two_records_at_one_name_are_none() -> None:
    resolver = ZoneResolver({"_dmarc.b.example": {"TXT": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}})
    assert (await walked_by(resolver, "b.example")).records == ()


async def test_a_failure_is_remembered() -> None:
    resolver = ZoneResolver({"_dmarc.example": {"FAIL": []}})
    assert (await walked_by(resolver, "b.example")).has_failed
    assert all(asked[1] is RdType.TXT for asked in resolver.asked)


@pytest.mark.parametrize(
    ("rua", "has"), [("mailto:a@b.example", True), ("x, mailto:a@b.example!10m", True), ("", False), ("nobody", False)]
)
def test_somebody_wants_the_reports_or_not(rua: str, has: bool) -> None:  # noqa: FBT001  # parametrised
    assert DmarcRecord("b.example", {"rua": rua}).has_report_address is has


@pytest.mark.parametrize(("octets", "is_remembered"), [(100, True), (SMALL_OCTETS, False)])
async def test_only_walks_over_small_answers_are_remembered(octets: int, is_remembered: bool) -> None:  # noqa: FBT001  # parametrised
    resolver = ZoneResolver(zone(example=f"v=DMARC1; p=none; x={'y' * octets}"))
    first, second = await walked_by(resolver, "example"), await walked_by(resolver, "example")
    assert (first is second) is is_remembered
    assert first.policy_record is not None
    assert first.policy_record.word("p") == "none"
