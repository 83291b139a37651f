import copy
import string
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.address import PATH_MAX_OCTETS, Address, AddressError, fold_local, normalise_domain

ATEXT = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"
atoms = st.text(ATEXT, min_size=1, max_size=12)
international = st.text(st.characters(min_codepoint=0xA1, max_codepoint=0x24F), min_size=1, max_size=8)
dotted = st.lists(st.one_of(atoms, international), min_size=1, max_size=3).map(".".join)
quoted = st.text(string.printable[:95], max_size=20).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
domains = st.lists(labels, min_size=1, max_size=4).map(".".join)
addresses = st.builds(Address, st.one_of(dotted, quoted).filter(lambda local: len(local.encode()) <= 64), domains)


@given(addresses)
def test_what_is_spelled_is_read_back(address: Address) -> None:
    assert Address.parse(str(address)) == address


def test_the_key_is_blind_to_case() -> None:
    assert Address.parse("Bob@Example.ORG").key == Address.parse("bOB@example.org").key == "bob@example.org"
    assert Address.parse("Bob@example.org") != Address.parse("bob@example.org")  # as written, where it is shown


def spelled(meant: str, escaped: list[bool]) -> str:
    """Return a local part in quotes, with a backslash wherever one must or may stand."""
    return '"' + "".join("\\" * (char in '"\\' or more) + char for char, more in zip(meant, escaped, strict=True)) + '"'


@given(st.data(), st.one_of(atoms, st.text(string.printable[:95], max_size=12)))
def test_all_spellings_of_a_quoted_local_part_are_one_address(data: st.DataObject, meant: str) -> None:
    escapes = st.lists(st.booleans(), min_size=len(meant), max_size=len(meant))
    one, other = (Address.parse(f"{spelled(meant, data.draw(escapes))}@example.org") for _ in range(2))
    assert one == other
    assert len(one.local) <= len(spelled(meant, [False] * len(meant)))


@given(st.text("ab9!.+-(, \t\x7f\x80é", max_size=8))
def test_a_local_part_without_quotes_is_atoms_with_dots_between(local: str) -> None:
    def is_atom(text: str) -> bool:
        return text != "" and all(char in ATEXT or not char.isascii() for char in text)

    try:
        is_taken = Address.parse(f"{local}@example.org").local == local
    except AddressError:
        is_taken = False
    assert is_taken == all(map(is_atom, local.split(".")))


@given(dotted)
def test_quotes_that_are_not_needed_mean_nothing(local: str) -> None:
    assert Address.parse(f'"{local}"@example.org') == Address.parse(f"{local}@example.org")


@pytest.mark.parametrize("local", ['"a b"', '"a@b"', '".a"', '"a..b"', '"a."', '""', '"\\""', '"a,b"'])
def test_quotes_that_are_needed_stay(local: str) -> None:
    assert Address.parse(f"{local}@example.org").local == local


@given(addresses)
def test_the_domain_is_lowercase_however_it_was_spelled(address: Address) -> None:
    assert Address.parse(f"{address.local}@{address.domain.upper()}.") == address


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_our_own_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("text", ["\ud800@example.com", "a@\udfff.example", '"\udc80"@example.com'])
def test_half_a_character_is_no_part_of_an_address(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


def test_the_error_does_not_quote_a_strangers_words() -> None:
    with pytest.raises(AddressError) as caught:
        Address.parse("secret word@example.org")
    assert "secret" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_a_domain_or_our_own_error(text: str) -> None:
    try:
        domain = normalise_domain(text)
    except AddressError:
        return
    assert domain.isascii()
    assert normalise_domain(domain) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@example.org",
        "a@",
        "no address",
        "a b@example.org",
        ".a@example.org",
        "a..b@example.org",
        'a"b@example.org',
        '"open@example.org',
        "a\r\nRCPT TO:<b@example.org",
        '"a\x00"@example.org',
        "a@-example.org",
        "a@example..org",
        "a@exa mple.org",
        "a@[300.1.1.1]",
        "a@[example.org]",
        "a@[IPv6:fe80::1%lo]",
        "a@[IPv6:fe80::1%\r\nDATA]",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + ".".join(["b" * 60] * 5),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


@pytest.mark.parametrize("host", ["IPv6:2001:DB8:0:0::1", "ipv6:2001:0db8::0001", "2001:db8::1"])
def test_all_spellings_of_an_address_literal_are_one_address(host: str) -> None:
    assert Address.parse(f"a@[{host}]") == Address.parse("a@[IPv6:2001:db8::1]")


@pytest.mark.parametrize("literal", ["a@[192.0.2.1]", "a@[IPv6:2001:db8::1]"])
def test_an_address_literal_is_an_address(literal: str) -> None:
    assert str(Address.parse(literal)) == literal.lower()


def test_a_domain_in_another_script_is_kept_as_a_labels() -> None:
    assert Address.parse("post@Bücher.example.").domain == "xn--bcher-kva.example"


def test_only_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    assert Address.parse("jürgen@example.org").needs_smtputf8
    assert not Address.parse("post@bücher.example").needs_smtputf8


@pytest.mark.parametrize(
    ("text", "untagged"),
    [
        ("bob+shop+x@acme.example", "bob@acme.example"),
        ("bob@acme.example", "bob@acme.example"),
        ("+bob@acme.example", "+bob@acme.example"),
        ('"a b+c"@acme.example', '"a b+c"@acme.example'),
    ],
)
def test_a_tag_names_a_part_of_a_mailbox(text: str, untagged: str) -> None:
    assert str(Address.parse(text).untagged) == untagged


def test_a_tag_makes_no_other_person() -> None:
    bob = Address.parse("Bob+a@acme.example")
    assert bob.is_of("bob@acme.example")
    assert bob.is_of("bob+b@acme.example")
    assert not any(map(bob.is_of, ("bobby@acme.example", "bob@other.example", "")))


def test_the_longest_path_is_taken_and_one_octet_more_is_not() -> None:
    domain = ".".join(["b" * 62] * 4)
    longest = "a" * (PATH_MAX_OCTETS - len(domain) - 1)
    assert len(str(Address.parse(f"{longest}@{domain}"))) == PATH_MAX_OCTETS
    with pytest.raises(AddressError):
        Address.parse(f"{longest}a@{domain}")


def test_ascii_and_other_letters_compare_without_case() -> None:
    assert Address.parse("BOSS@acme.example").key == Address.parse("boss@ACME.example").key
    assert Address.parse("ÄRGER@acme.example").key == Address.parse("ärger@acme.example").key


@pytest.mark.parametrize("alike", ["bo\u017f\u017f", "bo\u00df", "\uff42oss"])
def test_a_letter_that_folds_to_ascii_is_not_somebody_elses(alike: str) -> None:
    assert Address.parse(f"{alike}@acme.example").key != Address.parse("boss@acme.example").key


def test_the_kelvin_sign_is_not_a_k() -> None:
    assert Address.parse("\u212aim@acme.example").key != Address.parse("kim@acme.example").key


@given(st.text(max_size=20))
def test_only_ascii_folds_to_ascii(local: str) -> None:
    assert fold_local(local).isascii() == local.isascii()
    assert fold_local(fold_local(local)) == fold_local(local)


def test_a_key_that_was_asked_for_is_no_part_of_the_address() -> None:
    asked, unasked = Address("Bob", "example.com"), Address("Bob", "example.com")
    assert asked.key == asked.key == "bob@example.com"
    assert asked == unasked
    assert hash(asked) == hash(unasked)
    assert repr(asked) == repr(unasked)
    assert replace(asked, local="Eve").key == "eve@example.com"
    assert copy.copy(asked).key == "bob@example.com"
    assert asdict(asked) == {"local": "Bob", "domain": "example.com"}
