"""Witnesses asked for real logs' checkpoints: the small witness of ours answers, and now and then a bad one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepost.app import witness as beside
from gatepost.blobs import Blobs
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import WITNESS_KINDS, CosigningKey, Note, SigningKey, VerifierKey
from gatepost.ledger.tiles import Edge
from gatepost.ledger.witness import Answer
from gatepost.record import files
from gatepost.record.errors import ForkError, UnwitnessedError
from gatepost.record.witnesses import NO_WITNESSES, Ask, Witness, Witnesses
from record.papers import TENANT
from vector_files import document

LOG = SigningKey("log.gatepost.example/t/one", bytes(range(32)))
KEYS = {name: CosigningKey(name, name.encode().ljust(32, b"\0")) for name in ("w1.example", "w2.example")}
ENTRIES = [b"entry %d" % number for number in range(300)]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


async def grown(blobs: Blobs, size: int, entries: list[bytes] = ENTRIES) -> tuple[Checkpoint, bytes]:
    edge, tiles = Edge().grow(entries[:size])
    await files.write_tiles(blobs, TENANT, tiles)
    head = Checkpoint(LOG.name, size, edge.root)
    return head, head.signed(LOG)


def asking(folder: Path) -> Ask:
    """Both witnesses, each with what it holds in a folder of its own."""
    logs = {LOG.name: [LOG.verifier]}
    all_of_them = {
        f"https://{name}/add-checkpoint": beside.Witness(folder / name, key, logs, lambda: NOON)
        for name, key in KEYS.items()
    }

    async def ask(url: str, body: bytes) -> Answer:
        return await all_of_them[url].add(body)

    return ask


def saying(*answers: Answer) -> Ask:
    left = list(answers)

    async def ask(_: str, __: bytes) -> Answer:
        return left.pop(0)

    return ask


NAMED = [Witness(f"https://{name}", key.verifier) for name, key in KEYS.items()]


def keys_in(note: bytes) -> set[str]:
    known = [LOG.verifier, *(key.verifier for key in KEYS.values())]
    return {key.name for key in Note.parse(note).verify(known)}


async def test_every_witness_adds_its_line(blobs: Blobs, tmp_path: Path) -> None:
    witnesses = Witnesses(NAMED, 2, asking(tmp_path / "w"))
    for size in (3, 256, 300):
        head, note = await grown(blobs, size)
        lines = await witnesses.cosign(blobs, TENANT, head, note)
        assert keys_in(note + lines) == {LOG.name, *KEYS}


async def test_after_a_restart_a_witness_says_what_it_holds(blobs: Blobs, tmp_path: Path) -> None:
    for size in (7, 290, 290):
        head, note = await grown(blobs, size)
        lines = await Witnesses(NAMED[:1], 1, asking(tmp_path / "w")).cosign(blobs, TENANT, head, note)
        assert keys_in(note + lines) == {LOG.name, "w1.example"}


async def test_a_log_that_was_rolled_back_is_found_out(blobs: Blobs, tmp_path: Path) -> None:
    head, note = await grown(blobs, 9)
    await Witnesses(NAMED, 2, asking(tmp_path / "w")).cosign(blobs, TENANT, head, note)
    head, note = await grown(blobs, 5)
    with pytest.raises(ForkError, match="has cosigned size 9"):
        await Witnesses(NAMED, 2, asking(tmp_path / "w")).cosign(blobs, TENANT, head, note)


@pytest.mark.parametrize("size", [9, 12])
async def test_a_log_that_went_on_otherwise_is_found_out(blobs: Blobs, tmp_path: Path, size: int) -> None:
    head, note = await grown(blobs, 9)
    await Witnesses(NAMED, 2, asking(tmp_path / "w")).cosign(blobs, TENANT, head, note)
    head, note = await grown(blobs, size, [b"another", *ENTRIES])
    with pytest.raises(ForkError, match="did not grow from"):
        await Witnesses(NAMED, 2, asking(tmp_path / "w")).cosign(blobs, TENANT, head, note)


async def test_the_quorum_is_enough_and_less_is_not(blobs: Blobs, tmp_path: Path) -> None:
    honest = asking(tmp_path / "w")

    async def ask(url: str, body: bytes) -> Answer:
        return Answer(0, b"it cannot be reached") if "w1" in url else await honest(url, body)

    head, note = await grown(blobs, 4)
    assert keys_in(note + await Witnesses(NAMED, 1, ask).cosign(blobs, TENANT, head, note)) == {LOG.name, "w2.example"}
    with pytest.raises(UnwitnessedError, match=r"1 of 2 cosigned; w1\.example: it cannot be reached"):
        await Witnesses(NAMED, 2, ask).cosign(blobs, TENANT, head, note)


async def test_a_witness_that_is_named_twice_is_one(blobs: Blobs, tmp_path: Path) -> None:
    twice = Witnesses([NAMED[0], NAMED[0]], 2, asking(tmp_path / "w"))
    head, note = await grown(blobs, 4)
    with pytest.raises(UnwitnessedError, match="1 of 2 cosigned"):
        await twice.cosign(blobs, TENANT, head, note)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([Answer(404)], "it answered 404"),
        ([Answer(200, b"nonsense")], "signature"),
        ([Answer(200, CosigningKey("w1.example", bytes(32)).cosign("x", 1))], "no cosignature"),
        ([Answer(409, b"1\n"), Answer(409, b"2\n"), Answer(409, b"1\n")], "another size each time"),
        ([Answer(409, b"-1"), Answer(409, b"9" * 40), Answer(503)], "it answered 503"),
    ],
)
async def test_a_bad_answer_is_named(blobs: Blobs, answers: list[Answer], why: str) -> None:
    head, note = await grown(blobs, 4)
    with pytest.raises(UnwitnessedError, match=why):
        await Witnesses(NAMED[:1], 1, saying(*answers)).cosign(blobs, TENANT, head, note)


@pytest.mark.parametrize("by", ["torchwood litewitness", "transparency-dev/witness"])
async def test_what_foreign_witnesses_answered_is_understood(blobs: Blobs, by: str) -> None:
    """Of a fork of equal size the one says 422, and the other 409 without a size."""
    said = [each for each in document("merkle/witness.json")["answered"] if each["by"] == by]
    first, *later = (Answer(each["status"], each["body"].encode()) for each in said)
    key = VerifierKey.parse(said[0]["key"], kinds=WITNESS_KINDS)
    named = [Witness("https://foreign.example", key)]
    head, note = await grown(blobs, 7)
    assert note.decode() == said[0]["note"]
    lines = await Witnesses(named, 1, saying(first)).cosign(blobs, TENANT, head, note)
    assert Note.parse(note + lines).verify([key]) == (key,)
    head, note = await grown(blobs, 7, [b"x", *ENTRIES])
    assert note.decode() == said[1]["note"]
    with pytest.raises(ForkError, match="did not grow from"):
        await Witnesses(named, 1, saying(*later)).cosign(blobs, TENANT, head, note)


async def test_without_witnesses_nobody_is_asked(blobs: Blobs) -> None:
    head, note = await grown(blobs, 4)
    assert await NO_WITNESSES.cosign(blobs, TENANT, head, note) == b""


def test_a_witness_is_a_url_and_its_key() -> None:
    key = KEYS["w1.example"].verifier
    assert Witness.parse(f"https://w1.example/  {key}") == Witness("https://w1.example", key)
    for text in ("https://w1.example", f"https://w1.example {LOG.verifier}", ""):
        with pytest.raises(LedgerError):
            Witness.parse(text)
