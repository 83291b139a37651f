import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.address_list import AddressListError, parse


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("a@b.example", ["a@b.example"]),
        ("Bob <bob@b.example>", ["bob@b.example"]),
        ('"Boss, Big" <a@b.example>, c@d.example', ["a@b.example", "c@d.example"]),
        ("(hi (there)) a@b.example (Bob)", ["a@b.example"]),
        ("team: a@b.example, c@d.example;", ["a@b.example", "c@d.example"]),
        ("undisclosed-recipients:;", []),
        ("<@x.example,@y.example:a@b.example>", ["a@b.example"]),
        ("john . doe @ b.example", ["john.doe@b.example"]),
        (", a@b.example,", ["a@b.example"]),
        ("a@bücher.example", ["a@xn--bcher-kva.example"]),
        ('"a b"@c.example', ['"a b"@c.example']),
        ("", []),
    ],
)
def test_lists_people_write_are_read(value: str, addresses: list[str]) -> None:
    assert [str(named.address) for named in parse(value)] == addresses


@pytest.mark.parametrize(
    "value",
    [
        "boss@corp.example <evil@x.example>",
        "<a@b.example> <c@d.example>",
        "<a@b.example> c@d.example",
        "a@b.example c@d.example",
        "<a@b.example",
        "a@b.example>",
        "<<a@b.example>>",
        '"unclosed <a@b.example>',
        "(unclosed a@b.example",
        "a@b@c.example:;",
        "Bob",
        "a;b",
        "x: y: a@b.example;",
        "<@x.example>",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(value: str) -> None:
    with pytest.raises(AddressListError):
        parse(value)


def test_a_display_name_loses_its_quotes() -> None:
    assert parse(r'"Big \"B\" Boss"  (x) <a@b.example>')[0].name == 'Big "B" Boss'


@given(st.text('ab@.<>,:;()"\\ \t[]é', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except AddressListError:
        return
    assert [named.address for named in parse(", ".join(f"<{named.address}>" for named in found))] == [
        named.address for named in found
    ]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["a@b.example, ", "(", "<", '"', "\\", "a ", ":", ";", "(\\"])
def test_long_hostile_lists_take_linear_time(piece: str) -> None:
    try:
        parse(piece * (200_000 // len(piece)))
    except AddressListError:
        return
    assert piece == "a@b.example, "
