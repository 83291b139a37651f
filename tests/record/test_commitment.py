import base64
import hashlib
import json

from gatepost.record.canonical import canonical
from gatepost.record.commitment import commit, seal
from gatepost.record.paper import Json
from record.papers import counting


def test_a_commitment_is_the_hash_the_format_says() -> None:
    salt = bytes(range(32))
    by_hand = hashlib.sha256(b"gatepost/entry/v1\x00sender\x00" + salt + b'"boss@corp.example"').digest()
    assert commit("sender", salt, "boss@corp.example") == by_hand


def test_equal_values_have_unequal_salts_and_commitments() -> None:
    commitments, octets = seal({"sender": b'"a@b.example"', "recipient": b'"a@b.example"'}, counting())
    opening = json.loads(octets)
    assert commitments["sender"] != commitments["recipient"]
    assert opening["sender"] != opening["recipient"]


def test_field_salt_and_value_all_count() -> None:
    salt = bytes(32)
    seen = {commit("a", salt, "v"), commit("b", salt, "v"), commit("a", b"\x01" * 32, "v"), commit("a", salt, "w")}
    assert len(seen) == 4


def test_an_opening_opens_its_commitments() -> None:
    values: dict[str, Json] = {"n": [1, 2], 'a "name"': "Grüße\n"}
    commitments, octets = seal({name: canonical(value).encode() for name, value in values.items()}, counting())
    opening = json.loads(octets)
    assert {name: opened["value"] for name, opened in opening.items()} == values
    for name, opened in opening.items():
        found = commit(name, base64.b64decode(opened["salt"]), opened["value"])
        assert base64.b64encode(found).decode() == commitments[name]


def test_nothing_to_seal_asks_for_no_entropy() -> None:
    assert seal({}, counting()) == ({}, b"{}")
