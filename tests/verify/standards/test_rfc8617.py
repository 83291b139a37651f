"""ARC, rule by rule: chains sealed right, one thing done to them, and how each ends. RFC 8617 unless a row says."""

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import pytest

from gatepost.mail import fields
from gatepost.verify import arc
from gatepost.verify.answers import Answers
from gatepost.verify.paper import ArcVerdict
from gatepost.verify.signed_data import Body
from verify.arrivals import NOW
from verify.standards.letters import BODY, ED25519, HEAD, Key, canonical_field, field, key_record, made, mail, rsa_key
from zones import Zone, ZoneResolver

RSA = rsa_key(1024)
RECORD = key_record(RSA)
Tags = Mapping[str, str | None]
NO_TAGS: Tags = MappingProxyType({})


class Sealing(NamedTuple):
    """What one forwarder does otherwise: tags of its message signature and of its seal, its claim, key and body."""

    message: Tags = NO_TAGS
    seal: Tags = NO_TAGS
    results: str = ""
    key: Key = RSA
    body: bytes = BODY


HONEST = Sealing()


def sealed(sealings: Sequence[Sealing]) -> list[tuple[bytes, ...]]:
    """Return the sets, oldest first: results, message signature and seal of each."""
    sets: list[tuple[bytes, ...]] = []
    for instance, one in enumerate(sealings, 1):
        who = {"i": str(instance), "a": "rsa-sha256", "d": f"hop{instance}.example", "s": "sel"}
        results = f"ARC-Authentication-Results: {one.results or f'i={instance}; hop{instance}.example; arc=none'}"
        signed = {**who, "c": "relaxed/relaxed", "h": "from:to:subject:date", **one.message}
        message = field("ARC-Message-Signature", signed, HEAD, one.body, key=one.key)
        sets.append((results.encode(), message, _seal(sets, results.encode(), message, who, one)))
    return sets


def _seal(before: list[tuple[bytes, ...]], results: bytes, message: bytes, who: Tags, one: Sealing) -> bytes:
    """Seal everything so far (section 5.1.1), whatever the tags say."""
    tags = {**who, "cv": "pass" if before else "none", **one.seal, "b": one.seal.get("b", "")}
    raw = ("ARC-Seal: " + "; ".join(f"{tag}={value}" for tag, value in tags.items() if value is not None)).encode()
    covered = [*(each for earlier in before for each in earlier), results, message, raw]
    octets = b"".join(canonical_field(each, "relaxed") for each in covered)[:-2]
    if not raw.endswith(b"b="):
        return raw
    return raw + base64.b64encode(made(one.key, octets))


def chain(*sealings: Sealing) -> list[bytes]:
    """Return the whole head, the newest set on top, as forwarders write it."""
    return [each for one in reversed(sealed(sealings)) for each in (one[2], one[1], one[0])] + list(HEAD)


@cache
def honest(hops: int) -> tuple[bytes, ...]:
    return tuple(chain(*[HONEST] * hops))


async def verdict(
    head: Sequence[bytes], body: bytes = BODY, records: Mapping[str, str | None] = MappingProxyType({})
) -> ArcVerdict:
    """Judge a chain; ``records`` replace the key of a domain, None by a failure of DNS."""
    raw = mail(*head, body=body)
    header = fields.split(raw)
    found = arc.read(header)
    names = arc.key_names(found)
    zone: Zone = {name: _published(records.get(name.partition("_domainkey.")[2], RECORD)) for name in names}
    known = Answers(ZoneResolver(zone))
    keys = await known.settle(lambda: arc.keys_of(known, found))
    return arc.judge(header, Body(raw[header.body_start :]), found, keys, NOW, "corp.example")


def _published(record: str | None) -> dict[str, list[str]]:
    return {"FAIL": []} if record is None else {"TXT": [record]} if record else {"A": ["192.0.2.1"]}


def without(name: bytes, instance: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda head: [each for each in head if not (each.startswith(name) and b" i=%d" % instance in each)]


def changed(old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda head: [each.replace(old, new) for each in head]


def more(*added: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda head: [*added, *head]


def doubled(name: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda head: [next(each for each in head if each.startswith(name)), *head]


AAR, AMS, SEAL = b"ARC-Authentication-Results:", b"ARC-Message-Signature:", b"ARC-Seal:"
DONE: list[tuple[str, str, int, Callable[[list[bytes]], list[bytes]], str]] = [
    ("5.2", "nothing, no chain", 0, list, "none"),
    *(("5.2", f"nothing, {hops} sets", hops, list, "pass") for hops in (1, 2, 3, 7)),
    ("4.2.1", "fifty sets", 50, list, "pass"),
    ("4.2.1", "fifty-one sets", 51, list, "fail"),
    *(("4.2.2", f"set 1 without {name.decode()}", 2, without(name, 1), "fail") for name in (AAR, AMS, SEAL)),
    *(("4.2.2", f"set 2 without {name.decode()}", 2, without(name, 2), "fail") for name in (AAR, AMS, SEAL)),
    *(("4.2.2", f"{name.decode()} twice", 2, doubled(name), "fail") for name in (AAR, AMS, SEAL)),
    ("4.2.1", "the middle set is gone", 3, without(b"ARC", 2), "fail"),
    ("4.2.1", "the first set is gone", 2, without(b"ARC", 1), "fail"),
    ("4.2.1", "the newest set is gone", 2, without(b"ARC", 2), "pass"),
    ("5.2", "the fields in another order", 3, lambda head: sorted(head, reverse=True), "pass"),
    ("5.2", "the fields below the others", 2, lambda head: [*head[6:], *head[:6]], "pass"),
    ("5.2", "space and case of a field", 2, changed(b"arc=none", b"arc=none "), "pass"),
    ("5.2", "a claim changed", 2, changed(b"arc=none", b"arc=pass"), "fail"),
    ("5.2", "the oldest claim changed", 2, changed(b"i=1; hop1.example; arc=none", b"i=1; hop1.example; x=y"), "fail"),
    ("5.2", "the subject changed", 2, changed(b"Budget", b"Wire it"), "fail"),
    ("5.2", "a second Subject above", 2, more(b"Subject: Wire it"), "fail"),
    ("5.2", "an unsigned field added", 2, more(b"X-New: 1", b"Received: by x"), "pass"),
    ("4.1.1", "i= is no number", 1, changed(b"Results: i=1;", b"Results: i=x;"), "fail"),
    ("4.1.1", "i= is nought", 1, changed(b" i=1;", b" i=0;"), "fail"),
    ("4.1.1", "i= is beyond fifty", 1, changed(b" i=1;", b" i=51;"), "fail"),
    ("4.1.1", "i= is negative", 1, changed(b" i=1;", b" i=-1;"), "fail"),
    ("4.1.1", "i= is missing from the results", 1, changed(b"Results: i=1;", b"Results:"), "fail"),
    ("4.1.1", "i= of the results is not first", 1,
     changed(b"Results: i=1; hop1.example;", b"Results: hop1.example; i=1;"), "fail"),
    ("4.1.3", "a seal that is no tag list", 1, changed(b"cv=none", b"cv"), "fail"),
    ("4.1.3", "a message signature that is none", 1,
     changed(b"a=rsa-sha256; d=hop1.example; s=sel; c=", b"c="), "fail"),
    ("4.1", "a seal alone", 0, more(b"ARC-Seal: i=1; cv=none; a=rsa-sha256; d=x.example; s=s; b=YQ=="), "fail"),
    ("4.1", "results alone", 0, more(b"ARC-Authentication-Results: i=1; x.example; none"), "fail"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "what", "hops", "do", "wanted"), DONE, ids=[f"{row[0]} {row[1]}" for row in DONE])
async def test_a_chain_that_something_was_done_to_ends_as_the_standard_says(
    section: str, what: str, hops: int, do: Callable[[list[bytes]], list[bytes]], wanted: str
) -> None:
    found = await verdict(do(list(honest(hops))))
    assert (found.result.value, section, what) == (wanted, section, what), found.reason


MADE: list[tuple[str, str, list[Sealing], str]] = [
    ("4.1.3", "cv=pass in the first set", [Sealing(seal={"cv": "pass"})], "fail"),
    ("4.1.3", "cv=fail in the first set", [Sealing(seal={"cv": "fail"})], "fail"),
    ("4.1.3", "cv=none in the second set", [HONEST, Sealing(seal={"cv": "none"})], "fail"),
    ("5.1.2", "cv=fail in the second set", [HONEST, Sealing(seal={"cv": "fail"})], "fail"),
    ("5.1.2", "a set after cv=fail", [HONEST, Sealing(seal={"cv": "fail"}), HONEST], "fail"),
    ("4.1.3", "no cv=", [Sealing(seal={"cv": None})], "fail"),
    ("4.1.3", "an unknown cv=", [Sealing(seal={"cv": "good"})], "fail"),
    ("4.1.3", "cv= in capitals", [Sealing(seal={"cv": "NONE"})], "pass"),
    ("4.1.3", "h= in a seal", [Sealing(seal={"h": "from"})], "fail"),
    ("4.1.3", "bh= in a seal", [Sealing(seal={"bh": "YQ=="})], "fail"),
    ("4.1.3", "t= in a seal", [Sealing(seal={"t": "1700000000"})], "pass"),
    ("4.1.3", "t= in a seal that is no number", [Sealing(seal={"t": "now"})], "fail"),
    ("4.1.3", "an unknown tag in a seal", [Sealing(seal={"zz": "1"})], "pass"),
    *(("4.1.3", f"a seal without {tag}=", [Sealing(seal={tag: None})], "fail") for tag in ("i", "a", "d", "s")),
    ("4.1.3", "rsa-sha1 in a seal", [Sealing(seal={"a": "rsa-sha1"})], "fail"),
    ("4.1.2", "rsa-sha1 in a message signature", [Sealing({"a": "rsa-sha1"})], "fail"),
    ("4.1.2", "h= covers seals", [Sealing({"h": "from:arc-seal"})], "fail"),
    ("4.1.2", "h= without From", [Sealing({"h": "to:subject"})], "fail"),
    ("4.1.2", "an unknown tag in a message signature", [Sealing({"zz": "1"})], "pass"),
    *(("4.1.2", f"a message signature without {tag}=", [Sealing({tag: None})], "fail") for tag in ("a", "d", "s", "h")),
    ("4.1.2", "x= gone", [Sealing({"t": "1", "x": "2"})], "fail"),
    ("4.1.2", "x= to come", [Sealing({"t": "1", "x": "4000000000"})], "pass"),
    ("4.1.2", "the canonical form simple", [Sealing({"c": "simple/simple"})], "pass"),
    ("4.1.2", "an older message signature no longer holds", [Sealing({"bh": "YQ=="}), HONEST], "pass"),
    ("4.1.2", "the newest message signature does not hold", [HONEST, Sealing({"bh": "YQ=="})], "fail"),
    ("4.1.3", "an older seal does not hold", [Sealing(seal={"b": "YWJj"}), HONEST], "fail"),
    ("4.1.2", "the parts are of two domains", [Sealing({"d": "elsewhere.example"})], "pass"),
    ("RFC 6376 8.2", "l= leaves words open", [Sealing({"l": "10"})], "fail"),
    ("RFC 8616 5", "d= in U-labels", [Sealing({"d": "b\u00fccher.example"}, {"d": "b\u00fccher.example"})], "pass"),
    ("RFC 8616 6", "results in UTF-8", [Sealing(results="i=1; b\u00fccher.example; arc=none")], "pass"),
    ("4.1.1", "white space and comments in results", [Sealing(results=" i = 1 ;hop1.example (one); none")], "pass"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "what", "sealings", "wanted"), MADE, ids=[f"{row[0]} {row[1]}" for row in MADE])
async def test_a_chain_sealed_otherwise_ends_as_the_standard_says(
    section: str, what: str, sealings: list[Sealing], wanted: str
) -> None:
    found = await verdict(chain(*sealings))
    assert (found.result.value, section, what) == (wanted, section, what), found.reason


@pytest.mark.parametrize(
    ("section", "records", "wanted"),
    [
        ("5.2", {"hop1.example": ""}, "fail"),
        ("5.2", {"hop1.example": None}, "temperror"),
        ("5.2", {"hop1.example": None, "hop2.example": ""}, "fail"),
        ("5.2", {"hop2.example": "v=DKIM1; p="}, "fail"),
        ("5.2", {"hop2.example": key_record(rsa_key(2048))}, "fail"),
        ("RFC 8301 3.2", {"hop1.example": key_record(rsa_key(512))}, "fail"),
        ("RFC 8463 3", {"hop1.example": key_record(ED25519)}, "fail"),
    ],
)
async def test_every_sealer_must_have_its_key(section: str, records: dict[str, str | None], wanted: str) -> None:
    found = await verdict(honest(2), records=records)
    assert (found.result.value, section) == (wanted, section)


async def test_a_chain_may_be_sealed_with_ed25519() -> None:  # RFC 8463 section 3
    one = Sealing({"a": "ed25519-sha256"}, {"a": "ed25519-sha256"}, key=ED25519)
    assert (await verdict(chain(one), records={"hop1.example": key_record(ED25519)})).result == "pass"


async def test_a_weak_key_seals_nothing() -> None:  # RFC 8301 section 3.2
    one = Sealing(key=rsa_key(512))
    assert (await verdict(chain(one), records={"hop1.example": key_record(rsa_key(512))})).result == "fail"


async def test_the_body_is_bound_by_the_newest_seal_alone() -> None:  # section 5.2 step 4
    rewritten = b"Rewritten by a list.\r\n"
    head = chain(HONEST, Sealing(body=rewritten))
    assert (await verdict(head, rewritten)).result == "pass"
    assert (await verdict(head, BODY)).result == "fail"
