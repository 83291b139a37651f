import pytest

from decide.scene import document, policy
from gatepost.decide.language import parse
from gatepost.decide.told import tell


def test_each_rule_guard_and_default_is_a_sentence() -> None:
    told = tell(
        policy(
            {"domain": "example.com", "assurance": "none"},
            when={"tls": True, "injectionScore": {"below": 0.5}, "scans": ["clean"]},
            capabilities=["reply"],
            rateLimit={"perHour": 3},
            tokenBudget={"perDay": 9},
            expiresAt="2027-01-01T00:00:00Z",
            guards=[{"reject": "a+", "reason": "r"}],
        )
    )
    assert told == [
        (
            "senders[0]: mail of example.com, NOT proven: whoever writes the From field is believed, where tls is yes"
            " and injectionScore is below 0.5 and scans is clean, until 2027-01-01T00:00:00+00:00, is"
            " delivered; may reply;"
            " at most 3 per hour and author; at most 9 tokens per day"
        ),
        "contentGuards[0]: mail with a+ in its body meets the default (r)",
        "contentGuards: mail with more text than guards can read meets the default",
        "defaultAction: all other mail is refused",
        "outbound: the agent answers proven authors of kept mail, and writes to nobody else",
    ]


def test_all_that_a_rule_asks_and_says_is_told() -> None:
    hours = {"timeZone": "Europe/Berlin", "days": ["friday", "monday"], "from": "08:00", "to": "17:30"}
    careful = document(
        {"domain": "example.com", "requireDkim": True, "requireSpf": True},
        when={"workingHours": "outside", "attachmentOctets": {"over": 10_000_000}},
        action="hold",
        labels=["late"],
        reason="nobody there",
    )
    told = tell(parse({**careful, "workingHours": hours}, version=1)[0])
    assert told[0] == (
        "senders[0]: mail of example.com, proven by SPF or DKIM of its domain and by DKIM of its own organisation and"
        " by SPF of its own organisation, where workingHours is outside (monday, friday 08:00 to 17:30"
        " Europe/Berlin) and"
        " attachmentOctets is over 10000000, waits for a person; labelled late; grants nothing but an answer"
        " (nobody there)"
    )


def test_what_leaves_is_told_gate_by_gate() -> None:
    outbound = {
        "recipients": {"domains": ["*.customer.example"], "thread": True},
        "recipientsPerMessage": 5,
        "external": "hold",
        "attachments": {"types": ["application/pdf"], "names": ["*.pdf"], "octetsAtMost": 10, "filesAtMost": 2},
        "cardNumbers": "reject",
        "rateLimit": {"perAgent": {"perHour": 3, "perDay": 9}},
        "repliesPerThread": {"perDay": 4},
        "hold": {"expiresAfter": "12h", "then": "deliver"},
        "footer": "An agent wrote this.\nAcme",
    }
    told = tell(parse({**document(), "outbound": outbound}, version=1)[0])
    assert told[-11:] == [
        (
            "outbound.recipients: the agent may write to *.customer.example, to whoever wrote in the thread,"
            " and to nobody else"
        ),
        "outbound.recipientsPerMessage: at most 5",
        "outbound.toMachines: an answer to automatic mail is refused",
        (
            "outbound.attachments: mail with other files than of the types application/pdf, named as"
            " attachments.names says,"
            " of at most 10 octets, at most 2 of them is refused"
        ),
        "outbound.external: mail to somebody outside the mailbox's own organisation waits for a person",
        "outbound.cardNumbers: mail with the number of a payment card is refused",
        "outbound.canaries: mail with a canary is refused",
        "outbound.rateLimit.perAgent: at most 3 per hour and at most 9 per day",
        "outbound.repliesPerThread: at most 4 per day",
        "outbound.hold: what waits for a person does so for 12 hours, then is delivered",
        "outbound.footer: below each message stands: An agent wrote this. / Acme",
    ]


def test_numbers_lists_and_waits_are_told_as_people_say_them() -> None:
    told = tell(
        policy(
            {"domain": "example.com", "assurance": {"arc": ["lists.example"]}},
            when={"otherAttachmentTypes": [".pdf", "image/*"], "messageOctets": {"over": 1, "atMost": 9}},
            action="hold",
            hold={"expiresAfter": "1h"},
            tokenBudget={"perDay": 1},
            guards=[{"reject": "a+", "reason": "r", "in": ["attachments"]}],
        )
    )
    assert told[0] == (
        "senders[0]: mail of example.com, proven, or vouched for by lists.example, where otherAttachmentTypes"
        " are none of"
        " .pdf or image/* and messageOctets is over 1 and at most 9, waits for a person; for 1 hour, then is refused;"
        " grants nothing but an answer; at most 1 token per day"
    )
    assert told[2] == (
        "contentGuards: mail with more text than guards can read, or with a file that should have text and"
        " cannot be read"
        " in full, meets the default"
    )
    waits = tell(policy(action="hold", hold={"expiresAfter": "48h", "then": "deliver"}))[0]
    assert "; for 2 days, then is delivered;" in waits


@pytest.mark.parametrize("wide", [True, False])
def test_the_brake_that_nobody_wrote_is_told(*, wide: bool) -> None:
    told = tell(parse({**document(), "outbound": {"secrets": "reject"}}, version=1, is_tenant_wide=wide)[0])
    assert told[-1] == "outbound.repliesPerThread: the house's own brake, at most 20 per hour and at most 100 per day"
    off = tell(parse({**document(), "outbound": {"repliesPerThread": {}}}, version=1)[0])
    assert not any("brake" in each for each in off)


def test_a_group_is_told_by_its_name_and_some_of_its_members() -> None:
    people = {"suppliers": [f"p{number}@a.example" for number in range(7)]}
    told = tell(parse({**document({"group": "suppliers"}), "groups": people}, version=1)[0])
    assert "mail of suppliers (p0@a.example, p1@a.example, " in told[0]
    assert "p4@a.example and 2 more), proven" in told[0]
