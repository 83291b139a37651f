import pytest
from hypothesis import given
from hypothesis import strategies as st

from decide.scene import document
from gatepost.decide import party
from gatepost.decide.language import PolicyError, parse
from gatepost.decide.shape import Fault, Faults, Parser

PARSERS = [party.author, party.matched_address, party.listed_address, party.domain, party.matched_domain, party.party]


def read(parser: Parser, value: object) -> tuple[object, list[Fault]]:
    faults = Faults()
    return parser(value, "it", faults), faults.told


@pytest.mark.parametrize("value", ["", "x", "@x.example", "a@b@", "a b@x.example", 3, None, "a@\ud800.example"])
@pytest.mark.parametrize("parser", [party.author, party.matched_address, party.listed_address])
def test_what_is_not_an_address_is_named_so(parser: Parser, value: object) -> None:
    (fault,) = read(parser, value)[1]
    assert fault.reason.startswith("must be an address")


@pytest.mark.parametrize(
    "value", ["", ".", "-a.example", "a..b", "@example.com", "*.example.com", 3, "\ud800", "xn--\u00e4"]
)
@pytest.mark.parametrize("parser", [party.domain, party.matched_domain])
def test_what_is_not_a_domain_is_named_so(parser: Parser, value: object) -> None:
    (fault,) = read(parser, value)[1]
    assert fault.reason.startswith("must be a domain name")


@pytest.mark.parametrize(
    ("parser", "written", "nearest"),
    [
        (party.matched_address, "*@Evil.Example", '"domain": "evil.example"'),
        (party.matched_address, "@evil.example", '"domain": "evil.example"'),
        (party.matched_address, '"*"@evil.example', '"domain": "evil.example"'),
        (party.matched_address, "*@*.evil.example", '"domain": "evil.example", "subdomains": true'),
        (party.listed_address, "*@evil.example", '"domains": ["evil.example"]'),
        (party.listed_address, "*@*.evil.example", '"domains": ["*.evil.example"]'),
        (party.party, "*@evil.example", "evil.example"),
        (party.party, "**@*.evil.example", "*.evil.example"),
        (party.matched_domain, "*.Evil.example", '"domain": "evil.example", "subdomains": true'),
        (party.matched_domain, "@evil.example", '"domain": "evil.example"'),
        (party.matched_domain, "bob@evil.example", '"address": "bob@evil.example"'),
        (party.matched_address, "*.bob@evil.example", None),
        (party.party, "bob*@evil.example", None),
        (party.matched_address, "bob@*.evil.example", None),
        (party.matched_address, "*@-.example", None),
        (party.matched_domain, "*@evil.example", None),
        (party.matched_address, "evil.example", '"domain": "evil.example"'),
        (party.matched_address, "boss", None),
        (party.domain_pattern, "@evil.example", "evil.example"),
    ],
)
def test_who_means_a_whole_domain_is_told_how_that_is_written(
    parser: Parser, written: str, nearest: str | None
) -> None:
    (fault,) = read(parser, written)[1]
    assert fault.nearest == nearest
    assert nearest is None or nearest in fault.reason


@pytest.mark.parametrize(
    ("parser", "written"),
    [
        (party.matched_address, ["a@b.example"]),
        (party.matched_address, "a@b.example, c@d.example"),
        (party.matched_domain, ["b.example", "d.example"]),
    ],
)
def test_who_means_several_is_told_of_groups(parser: Parser, written: object) -> None:
    (fault,) = read(parser, written)[1]
    assert "several are a group" in fault.reason


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"senders": [{"match": {"address": "*@evil.example"}}]}, "senders[0].match.address"),
        ({"groups": {"g": ["a@b.example", "*@evil.example"]}}, "groups.g[1]"),
        ({"outbound": {"recipients": {"addresses": ["*@evil.example"]}}}, "outbound.recipients.addresses[0]"),
    ],
)
def test_no_policy_has_a_star_for_an_address(change: dict[str, object], path: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse({**document(), **change}, version=1)
    assert [each.path for each in caught.value.faults] == [path]


def test_an_author_may_be_called_a_star() -> None:
    """A mail to be explained is what a stranger wrote."""
    assert read(party.author, "*@evil.example") == ("*@evil.example", [])


@given(st.text(max_size=40), st.sampled_from(PARSERS))
def test_any_text_is_read_or_told_about_once(text: str, parser: Parser) -> None:
    found, told = read(parser, text)
    assert bool(found) is not bool(told)
    assert len(told) < 2
    if not told:
        assert read(parser, found) == (found, [])
