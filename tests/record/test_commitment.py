import base64
import hashlib
import json

from hypothesis import example, given
from hypothesis import strategies as st

from gatepost.record.canonical import canonical
from gatepost.record.commitment import commit, commitments, seal
from gatepost.record.paper import Json
from record.papers import counting


def made_of(values: dict[str, Json]) -> tuple[dict[str, bytes], bytes]:
    """Return what these commit to, and their opening."""
    made, octets = seal({name: canonical(value).encode() for name, value in values.items()}, counting())
    return {name: base64.b64decode(str(each)) for name, each in made.items()}, octets


def test_a_commitment_is_the_hash_the_format_says() -> None:
    salt = bytes(range(32))
    by_hand = hashlib.sha256(b"gatepost/entry/v1\x00sender\x00" + salt + b'"boss@corp.example"').digest()
    assert commit("sender", salt, "boss@corp.example") == by_hand


def test_equal_values_have_unequal_salts_and_commitments() -> None:
    made, octets = seal({"sender": b'"a@b.example"', "recipient": b'"a@b.example"'}, counting())
    opening = json.loads(octets)
    assert made["sender"] != made["recipient"]
    assert opening["sender"] != opening["recipient"]


def test_field_salt_and_value_all_count() -> None:
    salt = bytes(32)
    seen = {commit("a", salt, "v"), commit("b", salt, "v"), commit("a", b"\x01" * 32, "v"), commit("a", salt, "w")}
    assert len(seen) == 4


def test_an_opening_opens_its_commitments() -> None:
    values: dict[str, Json] = {"n": [1, 2], 'a "name"': "Grüße\n"}
    made, octets = made_of(values)
    opening = json.loads(octets)
    assert {name: opened["value"] for name, opened in opening.items()} == values
    for name, opened in opening.items():
        found = commit(name, base64.b64decode(opened["salt"]), opened["value"])
        assert found == made[name]


def test_nothing_to_seal_asks_for_no_entropy() -> None:
    assert seal({}, counting()) == ({}, b"{}")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8) | st.just('{"salt":"'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("salt},", max_size=4), inner, max_size=3),
    max_leaves=6,
)
openings = st.dictionaries(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=6), values, max_size=4)


@given(openings)
def test_the_octets_of_an_opening_say_what_it_commits_to(opened: dict[str, Json]) -> None:
    made, octets = made_of(opened)
    assert commitments([octets]) == [made]


@given(openings, st.data())
def test_octets_that_commit_to_the_same_say_the_same(opened: dict[str, Json], data: st.DataObject) -> None:
    made, octets = made_of(opened)
    start = data.draw(st.integers(0, len(octets)))
    end = data.draw(st.integers(start, min(len(octets), start + 3)))
    changed = octets[:start] + data.draw(st.binary(max_size=3)) + octets[end:]
    if commitments([changed]) == [made]:
        assert json.loads(changed) == json.loads(octets)


def test_no_octet_passes_from_a_value_into_its_salt() -> None:
    salt = base64.b64encode(bytes(32))
    made = hashlib.sha256(b"gatepost/entry/v1\x00tokens\x00" + bytes(32) + b"12").digest()
    octets = b'{"tokens":{"salt":"%b","value":12}}' % salt
    longer = base64.b64encode(bytes(32) + b"1")
    changed = octets.replace(salt, longer).replace(b'"value":12', b'"value":2')
    assert (commitments([octets]), commitments([changed])) == ([{"tokens": made}], None)


@given(st.binary(max_size=80))
@example(b'{"a":{"salt":"\xff","value":1}}')
@example(b'{"\xff":{"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","value":1}}')
@example(b'{"a":1}')
@example(b'{"a":{"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","value":1}')
def test_no_octets_raise_and_strange_ones_commit_to_nothing(octets: bytes) -> None:
    assert commitments([octets]) in (None, [{}])


def test_a_salt_in_another_spelling_is_not_the_one_that_was_written() -> None:
    """The last letter of 32 octets in base64 has two bits that say nothing."""
    _, octets = made_of({"tokens": 12})
    at = octets.index(b'="')
    changed = octets[: at - 1] + bytes([octets[at - 1] + 1]) + octets[at:]
    assert json.loads(changed).keys() == {"tokens"}
    assert commitments([changed]) is None
