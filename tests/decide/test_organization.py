import pytest

from gatepost.decide.organization import is_same_organization, may_be_answered, organizational_domain
from gatepost.mail.address import Address


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("mail.example.com", "example.com"),
        ("example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("user.github.io", "user.github.io"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("boss.test", "boss.test"),
        ("Mail.Example.COM.", "example.com"),
        ("", ""),
    ],
)
def test_an_organisation_is_what_was_registered(domain: str, organization: str) -> None:
    assert organizational_domain(domain) == organization


def test_two_customers_of_one_registry_are_strangers() -> None:
    assert not is_same_organization("one.co.uk", "two.co.uk")
    assert not is_same_organization("one.github.io", "two.github.io")
    assert not is_same_organization("[192.0.2.1]", "[198.51.2.1]")
    assert is_same_organization("mail.one.co.uk", "one.co.uk")


def test_an_answer_may_go_to_the_author_and_within_its_organisation() -> None:
    author = Address("Boss", "mail.example.com")
    sales, stranger = Address("sales", "example.com"), Address("boss", "example.net")
    assert may_be_answered(author, (sales, stranger)) == {"boss@mail.example.com", "sales@example.com"}
