"""The outbound member: what it may look like, and what it means."""

from typing import Any

import pytest

from decide.scene import document
from gatepost.decide.language import PolicyError, parse
from gatepost.decide.outbound_language import Limit, OutboundPolicy, Stop
from gatepost.decide.paper import Disposition
from gatepost.mail.address import Address


def compiled(outbound: Any, groups: Any = None) -> OutboundPolicy:
    policy, _ = parse({**document(), "groups": groups or {}, "outbound": outbound}, version=1)
    assert policy.outbound is not None
    return policy.outbound


def faults_of(outbound: Any) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        parse({**document(), "outbound": outbound}, version=1)
    return caught.value.errors


def test_a_policy_without_it_has_none() -> None:
    policy, _ = parse(document(), version=1)
    assert policy.outbound is None


def test_an_empty_one_is_what_the_house_does_anyway() -> None:
    assert compiled({}) == OutboundPolicy()
    assert OutboundPolicy().stop(Stop.CANARIES) is Disposition.REJECT
    assert OutboundPolicy().to_machines is Disposition.REJECT
    assert OutboundPolicy().stop(Stop.EXTERNAL) is Disposition.DELIVER


@pytest.mark.parametrize(
    ("party", "address", "is_named"),
    [
        ({"addresses": ["Boss@Example.com"]}, "boss@example.com", True),
        ({"addresses": ["boss@example.com"]}, "boss@mail.example.com", False),
        ({"domains": ["example.com"]}, "anyone@example.com", True),
        ({"domains": ["example.com"]}, "anyone@mail.example.com", False),
        ({"domains": ["*.example.com"]}, "anyone@a.mail.example.com", True),
        ({"domains": ["*.example.com"]}, "anyone@example.com", False),
        ({"domains": ["*.example.com"]}, "anyone@badexample.com", False),
        ({"domains": ["b\u00fccher.example"]}, "a@xn--bcher-kva.example", True),
        ({"groups": ["board"]}, "chair@example.org", True),
        ({}, "boss@example.com", False),
    ],
)
def test_recipients_are_named_by_address_domain_or_group(party: Any, address: str, is_named: bool) -> None:  # noqa: FBT001  # rows of a table
    policy = compiled({"recipients": party}, {"board": ["chair@example.org"]})
    assert policy.recipients is not None
    assert policy.recipients.name(Address.parse(address)) == is_named


def test_everything_it_can_say_is_compiled() -> None:
    policy = compiled(
        {
            "recipients": {"thread": True, "contacts": True},
            "recipientsPerMessage": 3,
            "external": "hold",
            "firstContact": "reject",
            "toMachines": "deliver",
            "rateLimit": {
                "perRecipient": {"perHour": 1},
                "perDomain": {"perDay": 2},
                "perAgent": {"perHour": 3, "perDay": 4},
            },
            "repliesPerThread": {"perHour": 5},
            "attachments": {"types": ["IMAGE/*"], "names": ["*.png"], "octetsAtMost": 9, "otherwise": "hold"},
            "secrets": "reject",
            "canaryMarks": ["orchid-7731"],
            "footer": " Sent by an agent.\r\nAcme \n",
        }
    )
    assert policy.recipients is not None
    assert (policy.recipients.thread, policy.recipients.contacts, policy.recipients_max) == (True, True, 3)
    assert (policy.per_recipient, policy.per_domain, policy.per_agent) == (Limit(1), Limit(None, 2), Limit(3, 4))
    assert policy.replies == Limit(5)
    assert policy.attachments is not None
    assert (policy.attachments.types, policy.attachments.otherwise) == (frozenset({"image/*"}), Disposition.HOLD)
    assert policy.stop(Stop.FIRST_CONTACT) is Disposition.REJECT
    assert (policy.marks, policy.footer) == (("orchid-7731",), "Sent by an agent.\nAcme")


@pytest.mark.parametrize(
    ("outbound", "fault"),
    [
        ({"external": "block"}, 'outbound.external must be "deliver" or "hold" or "reject"'),
        ({"firstcontact": "hold"}, "firstContact"),
        ({"recipients": {"domains": ["*.-"]}}, "outbound.recipients.domains[0] must be a domain name"),
        ({"recipients": {"domains": [7]}}, "outbound.recipients.domains[0] must be a domain name"),
        ({"recipients": {"addresses": ["x"]}}, "outbound.recipients.addresses[0] must be an address"),
        ({"recipients": {"groups": ["board"]}}, "outbound.recipients.groups[0] must be a name in groups"),
        ({"attachments": {"types": ["pdf"]}}, "outbound.attachments.types[0] must be a media type"),
        ({"canaryMarks": ["a-b-c-d-e-f"]}, "outbound.canaryMarks[0] must have at least 8 letters or digits"),
        ({"recipientsPerMessage": 0}, "outbound.recipientsPerMessage must be >= 1"),
        ({"footer": "a\x07b"}, "outbound.footer must have no control characters but line ends"),
        ({"footer": " "}, "outbound.footer must be text of 1 to 2000 characters"),
        ([], "outbound must be an object"),
    ],
)
def test_each_fault_names_its_place(outbound: Any, fault: str) -> None:
    assert any(fault in error for error in faults_of(outbound)), faults_of(outbound)


def test_an_unknown_group_is_told_with_the_nearest() -> None:
    with pytest.raises(PolicyError) as caught:
        parse(
            {**document(), "groups": {"board": [], "staff": []}, "outbound": {"recipients": {"groups": ["bord"]}}},
            version=1,
        )
    assert caught.value.errors == ["outbound.recipients.groups[0] must be a name in groups; the nearest is board"]


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*.pdf", "Report.PDF", True),
        ("*.pdf", "report.pdf.exe", False),
        ("*.pdf", "a\nb.pdf", True),
        ("r\u00e9sum\u00e9-?.txt", "r\u00e9sum\u00e9-1.txt", True),
        ("a.b[1](x)+.txt", "a.b[1](x)+.txt", True),
        ("a.b", "axb", False),
    ],
)
def test_names_are_matched_whole(pattern: str, name: str, fits: bool) -> None:  # noqa: FBT001  # rows of a table
    attachments = compiled({"attachments": {"names": [pattern]}}).attachments
    assert attachments is not None
    assert attachments.names is not None
    assert attachments.names[0].is_in(name.encode()) == fits
