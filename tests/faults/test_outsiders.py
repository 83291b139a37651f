"""A log that was written under load and kills, in the hands of others: they accept it.

And whatever somebody changes in it afterwards is noticed and named: by the tool for outsiders in what was exported, by
`gatepost log verify` in the house.
"""

import asyncio
import itertools
import json
import os
import random
import runpy
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import metamorphic_log
import proofbundle
import psycopg
import pytest

from cli.process import GATEPOST
from faults.machine import Machine, beside, state_folder
from faults.sender import STRANGER, Book, Mail, send_all
from faults.spoil import spoiled
from faults.zone import named
from gatepost.app.witness import key_of
from gatepost.ids import TenantId
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.note import Note
from gatepost.ledger.tiles import tiles_of
from gatepost.record.check import verify_log
from gatepost.record.witnesses import Witness

pytestmark = pytest.mark.timeout(3600)

TOOL = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "verify_log.py"))
FIRST_ANSWER_WITHIN_S = 60
SHOWN_WITHIN_S = 180
PROOFS_MAX = 60
RECORD = (
    *("entry", "opening", "decision_row", "consequence", "leaf", "unsequenced", "erasure", "checkpoint", "log_key"),
    *("entry_words", "entry_words_done"),
)
CRIMES = (
    "delete from {table} where {key} = (select max({key}) from {table})",
    "delete from {table} where {key} = (select min({key}) from {table})",
)
"""Against each table of an entry's rows."""
KEYS = {"entry": "id", "opening": "entry", "decision_row": "entry", "consequence": "entry", "leaf": "entry"}
OTHER_CRIMES = (
    (
        "update opening set sealed = other.sealed, ref = other.ref"
        " from (select * from opening order by entry limit 1) as other"
        " where opening.entry = (select max(entry) from opening)"
    ),
    (
        "update entry set leaf = convert_to(replace(convert_from(leaf, 'UTF8'), '\"deliver\"', '\"reject\"'), 'UTF8')"
        " where id = (select min(id) from entry where kind = 'decision')"
    ),
    "update leaf set entry = -entry where leaf_index in (1, 2)",
    "insert into entry select -7, tenant, kind, at, leaf from entry limit 1",
    "update log_key set vkey = 'log.else+00000000+AAAA'",
    "update log_key set wrapped_seed = '\\x00'",
    "delete from checkpoint where size = (select max(size) from checkpoint)",
    "update checkpoint set note = 'x' where size = (select min(size) from checkpoint)",
)


NOT_MISSED = ("checkpoints.jsonl", "entries/", "log.vkey")
"""What an export may lack: earlier heads to hold against it, entries as lines, and the key, known from elsewhere."""


def _mails(chance: random.Random, name: str) -> Iterator[Mail]:
    for number in itertools.count():
        yield Mail(f"{name}-{number}", sender=STRANGER if chance.random() < 1 / 4 else "you@example.com")


async def _load_and_kill(house: Machine, chance: random.Random, name: str) -> None:
    book = Book()
    async with asyncio.TaskGroup() as group:
        group.create_task(send_all(house.port, house.recipient, _mails(chance, name), book, connections=4))
        async with asyncio.timeout(FIRST_ANSWER_WITHIN_S):
            while not any(book.answers.values()):
                await asyncio.sleep(0.01)
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        await asyncio.to_thread(house.kill)


@contextmanager
def witness(folder: Path, vkey: str, place: str) -> Iterator[None]:
    (folder / "logs.txt").write_text(vkey)
    command = [GATEPOST, "witness", "--state", str(folder / "w"), "--logs", str(folder / "logs.txt")]
    with subprocess.Popen(  # noqa: S603  # our own command
        [*command, "--name", "w.example", "--listen", place], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            yield
        finally:
            running.terminate()


def free_place() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return "{}:{}".format(*probe.getsockname())


def _verdict(folder: Path, key: str, witness_key: str) -> list[str]:
    """What the tool for outsiders finds in what was exported, with the keys they know from elsewhere."""
    found: list[str] = []
    try:
        keys = [TOOL["read_key"](each) for each in (key, witness_key)]
        TOOL["verify"](folder, TOOL["Trust"](keys[0], (keys[1],), 1), lambda name, why: found.append(f"{name}: {why}"))
    except TOOL["Wrong"] as wrong:
        found.append(str(wrong))
    return found


def _witnessed(path: Path, key: str, witness_key: str) -> bool:
    head = TOOL["open_checkpoint"](path.read_bytes().partition(b"\n\n")[2], TOOL["read_key"](key))
    trust = TOOL["Trust"](TOOL["read_key"](key), (TOOL["read_key"](witness_key),))
    return bool(TOOL["count_witnesses"](head, trust))


def _foreign_accept(folder: Path, key: str, chance: random.Random) -> int:
    """Hold the checkpoint and proofs to two foreign verifiers; return how many proofs they accepted."""
    head = metamorphic_log.checkpoint_verify((folder / "log" / "checkpoint").read_text(), [key])
    proofs = sorted((folder / "proofs").glob("*.tlog-proof"))
    for path in chance.sample(proofs, min(PROOFS_MAX, len(proofs))):
        entry = path.with_suffix(".entry").read_bytes()
        seen = proofbundle.verify_tlog_proof(path.read_text(), entry, key)
        assert (seen["ok"], seen["tree_size"]) == (True, head.size), path
        assert not proofbundle.verify_tlog_proof(path.read_text(), entry + b" ", key)["ok"]
    for line in (folder / "log" / "checkpoints.jsonl").read_text().splitlines():
        told = json.loads(line)
        assert metamorphic_log.checkpoint_verify(told["note"], [key]).size == told["size"]
    return min(PROOFS_MAX, len(proofs))


def _names_of(name: str) -> tuple[str, ...]:
    """Return what a change of a file may be told of: of an entry and its proof either may be wrong."""
    if name.startswith("proofs/"):
        return (name.removesuffix(".entry").removesuffix(".tlog-proof") + ".",)
    if name.startswith("tile/entries/"):
        return name, name.replace("tile/entries/", "tile/0/"), "entry ", "leaf "
    return (name,)


def _an_export_is_noticed(folder: Path, key: str, witness_key: str, chance: random.Random) -> int:
    count = 0
    for way, path in spoiled(folder, chance):
        found, name = _verdict(folder, key, witness_key), str(path.relative_to(folder)).removeprefix("log/")
        if way == "gone" and name.startswith(NOT_MISSED):
            continue
        if not found and name.endswith(".tlog-proof") and not _witnessed(path, key, witness_key):
            continue  # a witness's line that became a stranger's: the proof holds without it
        assert any(each.startswith(_names_of(name)) for each in found), (way, name, found)
        count += 1
    assert _verdict(folder, key, witness_key) == []
    return count


async def _findings(house: Machine, vkey: str) -> list[str]:
    """What the house finds, asked in this process as its own command does."""
    known = [Witness.parse(house.environment["GATEPOST_LOG__WITNESSES"]).key]
    async with beside(house) as inside:
        tenant, keyring = TenantId(str(house.sandbox["tenant"])), inside.keyring
        seen = await verify_log(inside.db, inside.blobs, tenant, vkey=vkey, witnesses=known, keyring=keyring)
    return seen.findings


async def _quiet(house: Machine, vkey: str) -> None:
    """Wait until all that was signed is published: the witness may take its time."""
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while found := await _findings(house, vkey):
        assert time.monotonic() < deadline, (found, house.log()[-2000:])
        await asyncio.sleep(0.5)


async def _a_files_change_is_noticed(house: Machine, vkey: str, chance: random.Random) -> int:
    folder, count = house.state / "blobs" / "log" / str(house.sandbox["tenant"]), 0
    size = Checkpoint.parse(Note.parse((folder / "checkpoint").read_bytes()).text).size
    needed = {"checkpoint", *(tile.path for tile in tiles_of(size))}  # a kill leaves partial tiles that nothing needs
    for path in [each for each in folder.rglob("*") if each.is_file() and str(each.relative_to(folder)) not in needed]:
        path.unlink()
    for way, path in spoiled(folder, chance):
        found, name = await _findings(house, vkey), str(path.relative_to(folder))
        assert any(each.startswith(_names_of(name)) for each in found), (way, name, found)
        count += 1
    return count


async def _a_rows_change_is_noticed(house: Machine, vkey: str) -> int:
    crimes = [each.format(table=table, key=key) for table, key in KEYS.items() for each in CRIMES] + [*OTHER_CRIMES]
    with psycopg.connect(house.owner_dsn(), autocommit=True) as owner:
        for table in RECORD:
            owner.execute(f"create table kept_{table} as table {table}".encode())
        for crime in crimes:
            assert owner.execute(crime.encode()).rowcount, crime
            found = await _findings(house, vkey)
            assert found, crime
            assert any(any(letter.isdigit() for letter in each) or each.startswith("log key") for each in found), found
            for table in RECORD:
                owner.execute(f"truncate {table}".encode())
                owner.execute(f"insert into {table} table kept_{table}".encode())
        for table in RECORD:
            owner.execute(f"drop table kept_{table}".encode())
    return len(crimes)


def _a_restore_is_refused_until_it_is_rolled_forward(house: Machine, older: Path) -> None:
    """Put the database back to what it was: the house does not sign, nor take mail, and says why."""
    checkpoint = house.state / "blobs" / "log" / str(house.sandbox["tenant"]) / "checkpoint"
    published = checkpoint.read_bytes()
    data = next(house.state.glob("postgres-*/data"))
    shutil.rmtree(data)
    subprocess.run(["cp", "-a", str(older), str(data)], check=True)  # noqa: S603, S607  # with its owner
    house.spawn()
    assert house.up is not None
    assert house.up.wait(120) != 0
    assert "nothing is signed until `gatepost log recover` has rolled it forward" in house.log()
    assert checkpoint.read_bytes() == published
    recovered = house.run("log", "recover")
    assert recovered.returncode == 0, recovered.stderr
    assert not recovered.stdout.startswith("0 "), recovered.stdout


async def _play(folder: Path, own: Path, seed: int, rounds: int, names: str) -> str:
    chance, place = random.Random(seed), free_place()
    witness_key = str(key_of(own / "w", "w.example", os.urandom).verifier)
    house = Machine(folder, GATEPOST_DNS__SERVERS=names, GATEPOST_LOG__WITNESSES=f"http://{place} {witness_key}")
    await asyncio.to_thread(house.start)
    vkey = (await asyncio.to_thread(house.run, "log", "vkey", "-t", "sandbox")).stdout.strip()
    with witness(own, f"{vkey}\n", place):
        for number in range(rounds):
            await _load_and_kill(house, chance, f"{seed}-{number}")
            await asyncio.to_thread(house.start_again)
        try:
            out = own / "out"
            for words in (("log", "verify"), ("log", "export", str(out), "--proofs", "all")):
                done = await asyncio.to_thread(house.run, *words, "-t", "sandbox")
                assert done.returncode == 0, done.stdout + done.stderr
            assert _verdict(out, vkey, witness_key) == []
            proofs = _foreign_accept(out, vkey, chance)
            await _quiet(house, vkey)
            exported = _an_export_is_noticed(out, vkey, witness_key, chance)
            files = await _a_files_change_is_noticed(house, vkey, chance)
            rows = await _a_rows_change_is_noticed(house, vkey)
            assert await _findings(house, vkey) == []
        finally:
            await asyncio.to_thread(house.stop)
        older = own / "older"
        data = next(house.state.glob("postgres-*/data"))
        subprocess.run(["cp", "-a", str(data), str(older)], check=True)  # noqa: S603, S607, ASYNC221  # nothing else runs
        await asyncio.to_thread(house.start_again)
        await _load_and_kill(house, chance, f"{seed}-last")
        await asyncio.to_thread(house.start_again)
        await asyncio.to_thread(house.run, "log", "verify", "-t", "sandbox")  # publishes
        await asyncio.to_thread(house.stop)
        await asyncio.to_thread(_a_restore_is_refused_until_it_is_rolled_forward, house, older)
        await asyncio.to_thread(house.start_again)
        await _quiet(house, vkey)
        await asyncio.to_thread(house.stop)
    return f"{proofs} proofs accepted; noticed: {exported} changes of an export, {files} of files, {rows} of rows"


async def test_others_accept_a_log_that_outlived_kills_and_no_change_of_it_goes_unnoticed(nightly: bool) -> None:
    if not nightly:
        pytest.skip("it takes minutes: each change is one verification of the whole log")
    seed, rounds = random.SystemRandom().randrange(1 << 32), 10
    print(f"seed {seed}")
    async with named() as names:
        with state_folder() as folder, tempfile.TemporaryDirectory() as own:
            print(f"{rounds} kills: {await _play(folder, Path(own), seed, rounds, names)}")
