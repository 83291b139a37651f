import dkim as dkimpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.mail import canonical, fields
from gatepost.mail.canonical import Canon
from gatepost.verify import arc
from gatepost.verify.answers import Answers
from gatepost.verify.paper import ArcVerdict, Result
from gatepost.verify.signed_data import Body
from verify.arrivals import NOW, PLAIN, RSA_PEM, RSA_RECORD
from zones import Zone, ZoneResolver

ZONE: Zone = {f"rsa._domainkey.hop{at}.example": {"TXT": [RSA_RECORD]} for at in range(1, 4)}


def forward(raw: bytes, hop: int, said: str) -> bytes:
    """Return the mail as forwarder ``hop`` sends it on, sealed by dkimpy."""
    name = f"hop{hop}.example"
    noted = f"Authentication-Results: {name}; {said}\r\n".encode() + raw
    sealed = dkimpy.arc_sign(noted, b"rsa", name.encode(), RSA_PEM, name.encode())
    return b"".join(sealed) + noted


def chain(hops: int) -> bytes:
    raw = PLAIN
    for hop in range(1, hops + 1):
        said = "dmarc=pass header.from=corp.example" if hop == 1 else f"arc={'pass' if hop > 1 else 'none'}"
        raw = forward(raw, hop, said)
    return raw


async def verdict(raw: bytes, zone: Zone = ZONE) -> ArcVerdict:
    header = fields.split(raw)
    found = arc.read(header)
    known = Answers(ZoneResolver(zone))
    keys = await known.settle(lambda: arc.keys_of(known, found))
    return arc.judge(header, Body(raw[header.body_start :]), found, keys, NOW, "corp.example")


@pytest.mark.parametrize("hops", [1, 2, 3])
async def test_a_chain_dkimpy_sealed_passes_and_names_its_sealers(hops: int) -> None:
    found = await verdict(chain(hops))
    assert found.result is Result.PASS, found.reason
    assert [seal.domain for seal in found.seals] == [f"hop{at}.example" for at in range(1, hops + 1)]
    assert [seal.claims_aligned for seal in found.seals] == [True] + [False] * (hops - 1)


async def test_a_body_changed_after_the_last_seal_fails() -> None:
    found = await verdict(chain(2).replace(b"numbers", b"millions"))
    assert found.result is Result.FAIL
    assert "body" in found.reason


async def test_a_claim_changed_after_sealing_fails() -> None:
    raw = chain(2)
    forged = raw.replace(b"dmarc=pass", b"dmarc=fail")
    assert forged != raw
    assert (await verdict(forged)).result is Result.FAIL


async def test_a_missing_key_fails_and_an_unanswered_one_is_temporary() -> None:
    raw = chain(2)
    first = "rsa._domainkey.hop1.example"
    assert (await verdict(raw, {name: kept for name, kept in ZONE.items() if name != first})).result is Result.FAIL
    assert (await verdict(raw, {**ZONE, first: {"FAIL": []}})).result is Result.TEMPERROR


async def test_no_arc_is_none() -> None:
    assert (await verdict(PLAIN)).result is Result.NONE


async def test_more_sets_than_the_standard_allows_fail() -> None:
    one = b"ARC-Seal: i=1; cv=none; a=rsa-sha256; d=x.example; s=s; b=aaaa\r\n"
    assert (await verdict(one * (arc.MAX_INSTANCES + 1) + PLAIN)).result is Result.FAIL


class _Tagged(dkimpy.ARC):  # type: ignore[misc]  # dkimpy is not typed
    """Seals with more tags in the message signature than dkimpy offers."""

    more: tuple[tuple[bytes, bytes], ...] = ()

    def gen_header(self, tags: list[tuple[bytes, bytes]], include: list[bytes], *rest: object) -> bytes:
        """Return the field's value; the arguments are dkimpy's own."""
        is_message = rest[1] == b"ARC-Message-Signature"
        written: bytes = super().gen_header([*tags[:1], *self.more, *tags[1:]] if is_message else tags, include, *rest)
        return written


def sealed_with(*more: tuple[bytes, bytes]) -> bytes:
    noted = b"Authentication-Results: hop1.example; dmarc=pass header.from=corp.example\r\n" + PLAIN
    sealer = _Tagged(noted)
    sealer.more = more
    include = sealer.default_sign_headers()
    at = int(NOW.timestamp()) - 3600
    name = b"hop1.example"
    return b"".join(sealer.sign(b"rsa", name, RSA_PEM, name, include_headers=include, timestamp=at)) + noted


async def test_words_appended_behind_a_seal_that_counts_octets_are_not_sealed() -> None:
    octets = len(canonical.body(PLAIN.partition(b"\r\n\r\n")[2], Canon.RELAXED))
    sealed = sealed_with((b"l", str(octets).encode()))
    assert (await verdict(sealed)).result is Result.PASS
    assert (await verdict(sealed.rstrip() + b"\r\nWire the money.\r\n")).result is Result.FAIL


async def test_an_expired_seal_fails() -> None:
    soon, past = (str(int(NOW.timestamp()) + seconds).encode() for seconds in (60, -60))
    assert (await verdict(sealed_with((b"x", soon)))).result is Result.PASS
    found = await verdict(sealed_with((b"x", past)))
    assert (found.result, found.reason) == (Result.FAIL, "the last seal has expired")


async def test_a_second_subject_above_a_sealed_one_fails() -> None:
    found = await verdict(b"Subject: Wire the money\r\n" + chain(1))
    assert (found.result, found.reason) == (Result.FAIL, "a second subject is not sealed")


SEALED = chain(1)
END = len(SEALED) - len(PLAIN)


@settings(max_examples=150)
@given(at=st.integers(0, END), gone=st.integers(0, 20), put=st.text("ib=;1as \r\n", max_size=6).map(str.encode))
async def test_no_mutation_of_a_chain_raises(at: int, gone: int, put: bytes) -> None:
    assert (await verdict(SEALED[:at] + put + SEALED[at + gone :])).result in Result
