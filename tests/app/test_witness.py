import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from gatepost.app.http import listening
from gatepost.app.witness import Witness, application, key_of, read_logs
from gatepost.ledger.errors import LedgerError
from gatepost.ledger.note import MLDSA44_COSIGNATURE, CosigningKey, Note, SigningKey, VerifierKey
from gatepost.ledger.witness import AddCheckpoint, Answer, with_cosignature
from ledger.test_witness import ENTRIES, LOG, LOGS, body, head
from vector_files import document

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def draw(octets: int) -> bytes:
    return bytes(range(octets))


def witness(folder: Path) -> Witness:
    return Witness(folder, CosigningKey("w.example", bytes(32)), LOGS, lambda: NOON)


async def test_a_log_that_grows_is_cosigned_also_after_a_restart(tmp_path: Path) -> None:
    assert (await witness(tmp_path).add(body(0, 3))).status == 200
    assert (await witness(tmp_path).add(body(3, 8))).status == 200
    assert (await witness(tmp_path).add(body(3, 8))).status == 409


async def test_a_fork_is_refused_and_what_was_held_stays(tmp_path: Path) -> None:
    one = witness(tmp_path)
    await one.add(body(0, 4))
    assert (await one.add(body(4, 8, [b"fork", *ENTRIES[1:]]))).status == 422
    assert (await one.add(AddCheckpoint(4, (), head(3).signed(LOG)).encode())).status == 400
    assert await one.held(hashlib.sha256(LOG.name.encode()).hexdigest()) == head(4).signed(LOG)
    assert await one.held("0" * 64) is None


async def test_of_two_histories_at_once_one_is_cosigned(tmp_path: Path) -> None:
    one = witness(tmp_path)
    forks = [body(0, 5, [b"%d" % number, *ENTRIES[1:]]) for number in range(5)]
    said = await asyncio.gather(*(one.add(fork) for fork in forks))
    assert sorted(answer.status for answer in said) == [200, 409, 409, 409, 409]


async def test_nothing_is_cosigned_that_is_not_on_the_disk(tmp_path: Path) -> None:
    place = tmp_path / hashlib.sha256(LOG.name.encode()).hexdigest()
    place.write_bytes(b"a file where a folder should be")
    assert (await witness(tmp_path).add(body(0, 3))).status == 500
    place.unlink()
    assert isinstance(await witness(tmp_path).add(b"nonsense"), Answer)


async def test_what_is_held_and_cannot_be_read_is_not_taken_for_nothing(tmp_path: Path) -> None:
    one = witness(tmp_path)
    await one.add(body(0, 3))
    (tmp_path / hashlib.sha256(LOG.name.encode()).hexdigest() / "checkpoint").write_bytes(b"nonsense")
    assert (await one.add(body(0, 8))).status == 500


async def test_it_speaks_http(tmp_path: Path) -> None:
    async with (
        listening(application(witness(tmp_path)), "127.0.0.1", 0, door="witness") as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        done = await client.post("/add-checkpoint", content=body(0, 8))
        assert (done.status_code, done.text.split(" ")[1]) == (200, "w.example")
        again = await client.post("/add-checkpoint", content=body(0, 8))
        assert (again.status_code, again.text, again.headers["content-type"]) == (409, "8\n", "text/x.tlog.size")
        assert (await client.post("/add-checkpoint", content=b"x" * 1_100_000)).status_code == 400
        shown = await client.get(f"/{hashlib.sha256(LOG.name.encode()).hexdigest()}/checkpoint")
        assert shown.content == head(8).signed(LOG)
        assert (await client.get("/none/checkpoint")).status_code == 404


async def test_a_log_whose_key_is_being_changed_may_sign_with_either(tmp_path: Path) -> None:
    later = SigningKey(LOG.name, bytes(32))
    logs = read_logs([str(LOG.verifier), str(later.verifier), str(LOG.verifier)])
    assert logs == {LOG.name: [LOG.verifier, later.verifier]}
    one = Witness(tmp_path, CosigningKey("w.example", bytes(32)), logs, lambda: NOON)
    for old, key in ((0, LOG), (3, later)):
        asked = AddCheckpoint.parse(body(old, old + 3))
        said = await one.add(AddCheckpoint(old, asked.hashes, head(old + 3).signed(key)).encode())
        assert said.status == 200
    other = head(6).signed(SigningKey(LOG.name, bytes([1] * 32)))
    assert (await one.add(AddCheckpoint(6, (), other).encode())).status == 403


async def test_a_foreign_client_is_answered_as_it_understands(tmp_path: Path) -> None:
    """It asked for a log of its own: growth, forks, false proofs, false keys, a key that was changed."""
    foreign = document("merkle/witness.json")
    one = Witness(tmp_path, CosigningKey("w.example", bytes(32)), read_logs(foreign["logs"]), lambda: NOON)
    said = [(await one.add(each["body"].encode())).status for each in foreign["asked"]]
    assert said == [each["status"] for each in foreign["asked"]]
    assert set(said) == {200, 400, 403, 404, 409, 422}


def test_the_key_is_made_once_and_is_for_the_witness_alone(tmp_path: Path) -> None:
    key = key_of(tmp_path / "w", "w.example", draw)
    assert key == key_of(tmp_path / "w", "w.example", bytes)
    assert (tmp_path / "w" / "witness.key").stat().st_mode & 0o077 == 0


async def test_a_witness_of_mldsa44_has_a_seed_of_its_own(tmp_path: Path) -> None:
    key_of(tmp_path, "w.example", draw)
    key = key_of(tmp_path, "w.example", bytes, MLDSA44_COSIGNATURE)
    assert (tmp_path / "witness.key").read_bytes() != (tmp_path / "witness.mldsa44.key").read_bytes() == key.seed
    answer = await Witness(tmp_path / "logs", key, LOGS, lambda: NOON).add(body(0, 3))
    assert answer.status == 200
    note = with_cosignature(head(3).signed(LOG), answer.body, key.verifier)
    assert Note.parse(note).verify([key.verifier]) == (key.verifier,)


def test_logs_are_read_one_a_line() -> None:
    assert read_logs(["# ours", "", f"{LOG.verifier}  # until 2027"]) == LOGS
    assert all(isinstance(key, VerifierKey) for key in LOGS[LOG.name])
    with pytest.raises(LedgerError):
        read_logs(["nonsense"])
