import pytest

from decide.scene import document, policy
from gatepost.decide.fixtures import see_mail
from gatepost.decide.language import keys_of, parse
from gatepost.decide.specimens import mails, representatives


def test_each_kind_of_author_has_one() -> None:
    several = policy({"domain": "example.com", "subdomains": True})
    found = [each.domain for each in representatives(several)]
    assert found == ["x-nobody-else", "example.com", "x-nobody-else.example.com"]


@pytest.mark.parametrize(
    "name", ["*.invalid", "*.x-nobody-else", "x-nobody-else", "x-nobody-else-1.org", "x-nobody-else@x-nobody-else-1"]
)
def test_there_is_always_somebody_whom_no_name_means(name: str) -> None:
    named = {name, "*.org", "example.com"}
    nobody, *others = representatives(parse({**document({"group": "g"}), "groups": {"g": sorted(named)}}, version=1)[0])
    assert named.isdisjoint(keys_of(nobody))
    assert [each for each in others if "*.org" in keys_of(each) and name not in keys_of(each)]
    assert [each for each in others if each.domain == "example.com"]


def test_a_mail_meets_each_rules_conditions() -> None:
    asking = policy(
        {"domain": "example.com"},
        when={"otherAttachmentTypes": [".pdf"], "tls": False, "messageOctets": {"over": 9}, "firstTime": True},
    )
    assert any(asking.rules[0].speaks(see_mail(mail)) for mail in mails(asking))
