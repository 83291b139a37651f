from decide.scene import policy
from gatepost.decide.fixtures import see_mail
from gatepost.decide.specimens import mails, representatives


def test_each_kind_of_author_has_one() -> None:
    several = policy({"domain": "example.com", "subdomains": True})
    found = [each.domain for each in representatives(several)]
    assert found == ["x-nobody-else.invalid", "example.com", "x-nobody-else.example.com"]


def test_a_mail_meets_each_rules_conditions() -> None:
    asking = policy(
        {"domain": "example.com"},
        when={"otherAttachmentTypes": [".pdf"], "tls": False, "messageOctets": {"over": 9}, "firstTime": True},
    )
    assert any(asking.rules[0].speaks(see_mail(mail)) for mail in mails(asking))
