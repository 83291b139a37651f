"""Every kind of change behind the house's back is found, and named."""

import json
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import record
from gatepost.blobs import Blobs
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.db.column import bigint
from gatepost.ids import EntryId
from gatepost.keys import KeyStore
from gatepost.keys import Kind as KeyKind
from gatepost.ledger.checkpoint import Checkpoint
from gatepost.ledger.note import CosigningKey, SigningKey, VerifierKey
from gatepost.ledger.tiles import Tile, pack, unpack
from gatepost.record import erase, log_store, store, word_store
from gatepost.record.check import FINDINGS_MAX, Report, verify_log
from gatepost.record.erase import Removal, Rule
from gatepost.record.indexer import Indexer
from gatepost.record.paper import Json, Kind, Recorded
from gatepost.record.publish import Sequencer
from record.papers import NOON, TENANT, OpenKeyring, consequence

Tamper = Callable[[str], None]
FindingsOf = Callable[[str], Awaitable[list[str]]]
LOG = f"log/{TENANT}"
TABLES = (
    *("entry", "opening", "decision_row", "consequence", "leaf", "unsequenced", "erasure", "checkpoint", "log_key"),
    *("entry_words", "entry_words_done"),
)


@pytest.fixture
def findings_of(db: Database, blobs: Blobs, tamper: Tamper, owner_dsn: str) -> FindingsOf:
    """Tamper, verify, and put everything back as it was."""

    async def find(change: str) -> list[str]:
        with psycopg.connect(owner_dsn, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(f"create table kept_{table} as table {table}".encode())
            tamper(change)
            found = (await verify_log(db, blobs, TENANT, keyring=OpenKeyring())).findings
            connection.execute("alter table erasure disable trigger user")  # rows come back without their transaction
            for table in TABLES:
                connection.execute(f"truncate {table}".encode())
                connection.execute(f"insert into {table} table kept_{table}".encode())
                connection.execute(f"drop table kept_{table}".encode())
        return found

    return find


@pytest.mark.usefixtures("life")
async def test_an_untouched_log_is_sound(db: Database, blobs: Blobs) -> None:
    told: list[tuple[int, int]] = []
    report = await verify_log(db, blobs, TENANT, progress=lambda done, size: told.append((done, size)))
    assert (report.findings, report.is_sound, told) == ([], True, [(5, 5)])
    assert (report.size, report.openings, report.waiting) == (5, 5, 0)


async def test_a_tenant_without_a_log_is_sound(db: Database, blobs: Blobs) -> None:
    report = await verify_log(db, blobs, TENANT)
    assert (report.is_sound, report.size) == (True, 0)


@pytest.mark.usefixtures("life")
async def test_entries_not_yet_placed_are_waiting_and_no_fault(db: Database, blobs: Blobs, entropy: Entropy) -> None:
    async with db.transaction(TENANT) as tx:
        await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
    report = await verify_log(db, blobs, TENANT)
    assert (report.findings, report.waiting) == ([], 1)


# Entry 1 is the decision at place 0, entry 2 the reply's, entry 4 the usage at place 3, entry 6 an erasure.
CRIMES = {
    "decision_row.outcome": "'rejected_at_policy' where entry = 1",
    "decision_row.disposition": "'hold' where entry = 1",
    "decision_row.reason": "'x' where entry = 1",
    "decision_row.account": "8 where entry = 1",
    "decision_row.email": "'em_x' where entry = 1",
    "decision_row.thread": "'th_x' where entry = 1",
    "decision_row.direction": "'outbound' where entry = 1",
    "decision_row.in_reply_to": "null where entry = 2",
    "decision_row.received_at": "received_at + '1 second' where entry = 1",
    "consequence.email": "null where entry = 4",
    "consequence.account": "null where entry = 4",
    "consequence.kind": "'act' where entry = 4",
    "consequence.action": "'x.y' where entry = 4",
    "entry.kind": "'act' where id = 4",
    "entry.at": "at - '1 day'::interval where id = 4",
    "erasure.request": "'er_x' where entry = 6",
    "erasure.rule": "'keys' where entry = 6",
    "erasure.at": "at + '1 second' where entry = 6",
}
"""Columns that repeat what the leaf says, each with a crime."""

NAMED = {
    "entry.id": ("99 where id = 4", "entry 4: it is missing"),
    "entry.tenant": ("'tn_z' where id = 4", "entry 4: it is missing"),
    "entry.leaf": ("sha256(leaf) where id = 1", "entry 1: its leaf is not the one in the log"),
    "opening.entry": ("99 where entry = 1", "entry 1: its opening is missing"),
    "opening.tenant": ("'tn_z' where entry = 1", "entry 1: its opening is missing"),
    "opening.ref": ("'op_x' where entry = 1", "entry 1: its opening is none"),
    "opening.sealed": ("'x' where entry = 1", "entry 1: its opening is none"),
    "decision_row.entry": ("99 where entry = 1", "decision_row of entry 1: it is missing"),
    "decision_row.tenant": ("'tn_z' where entry = 1", "decision_row of entry 1: it is missing"),
    "consequence.entry": ("99 where entry = 4", "consequence of entry 4: it is missing"),
    "consequence.tenant": ("'tn_z' where entry = 4", "consequence of entry 4: it is missing"),
    "leaf.tenant": ("'tn_z' where leaf_index = 2", "leaf 2: the tables do not know it"),
    "leaf.leaf_index": ("99 where leaf_index = 2", "leaf 2: the tables do not know it"),
    "leaf.entry": ("99 where leaf_index = 2", "leaf 2: it is entry 3, and the row says 99"),
    "checkpoint.tenant": ("'tn_z'", "checkpoint of size 6: it is published, and the tables do not remember it"),
    "checkpoint.size": ("4 where size = 5", "checkpoint of size 4: its root is not that of the entries"),
    "checkpoint.note": ("'x' where size = 5", "checkpoint of size 5: the note has no signature lines"),
    "log_key.tenant": ("'tn_z'", "log key or newest checkpoint in the database: "),
    "log_key.origin": ("'log.else/t/tn_a'", "log key: it is not of the origin log.else/t/tn_a"),
    "log_key.wrapped_seed": ("'x'", "log key: the signing key that is kept is not the one of the verifier key"),
    "log_key.vkey": ("'log.else+00000000+AAAA'", "log key or newest checkpoint in the database: "),
    "erasure.tenant": ("'tn_z' where entry = 6", "erasure of entry 6: it is missing"),
    "erasure.entry": ("4 where entry = 6", "erasure of entry 6: it is missing"),
    "entry_words.tenant": ("'tn_z' where entry = 1", "entry 1: no search finds it, the index does not have it"),
    "entry_words.at": ("at + '1 second' where entry = 1", "entry 1: no search finds it, the index does not have it"),
    "entry_words.entry": ("99 where entry = 1", "entry 1: no search finds it, the index does not have it"),
    "entry_words.sealed_under": ("'' where entry = 1", "entry 1: what it is found by is not what was indexed"),
    "entry_words.tokens": ("tokens[2:] where entry = 1", "entry 1: what it is found by is not what was indexed"),
    "entry_words.seal": ("'x' where entry = 1", "entry 1: what it is found by is not what was indexed"),
    "unsequenced.tenant": ("'tn_z'", "entry 7: it is neither in the log nor waiting for it"),
    "unsequenced.entry": ("99", "entry 7: it is neither in the log nor waiting for it"),
}
"""All other columns: a crime, and what is said of it."""

UNTOLD = {
    "erasure.transaction": "a number of PostgreSQL's, and of use until that transaction ends",
    **dict.fromkeys(
        ("refusal_count.tenant", "refusal_count.hour", "refusal_count.reason", "refusal_count.count"),
        "counters of the running hour, which are no entry yet",
    ),
    **dict.fromkeys(
        (f"egress_refused.{name}" for name in ("tenant", "hour", "purpose", "ref", "rule", "count", "last_at")),
        "counters of the running hour, which are no entry yet",
    ),
    **dict.fromkeys(
        (f"egress_opened.{name}" for name in ("tenant", "purpose", "destination", "count", "first_at", "last_at")),
        "how often we connected somewhere: a page of the operator's, and no entry",
    ),
    **dict.fromkeys(
        ("row_copy.tenant", "row_copy.bundle", "row_copy.seal"),
        "what spares comparing rows of the second store: one that is changed or gone has each of them compared",
    ),
    **dict.fromkeys(
        ("entry_words_done.tenant", "entry_words_done.next_index"),
        "how far the index is: below, it is made anew over itself; beyond, the entries that it passes over are named",
    ),
}
"""Columns that `gatepost log check` does not look at, and why."""


def test_every_column_of_the_record_has_its_crime(owner_dsn: str) -> None:
    """A column of tomorrow fails here until somebody has tampered with it."""
    rooms = Path(record.__file__).parent.glob("*.py")
    verbs = re.compile(r"\b(?:insert into|delete from|update) ([a-z_]+)")
    tables = {table for room in rooms for table in verbs.findall(room.read_text(encoding="utf-8"))}
    query = "select table_name || '.' || column_name, table_name from information_schema.columns"
    with psycopg.connect(owner_dsn) as connection:
        columns = {column for column, table in connection.execute(query) if table in tables}
    assert columns == CRIMES.keys() | NAMED.keys() | UNTOLD.keys()
    assert len(columns) == len(CRIMES) + len(NAMED) + len(UNTOLD)


@pytest.fixture
async def removed(
    app_dsn: str, db: Database, keys: KeyStore, sequencer: Sequencer, entropy: Entropy, life: list[Recorded]
) -> None:
    """Let an entry say that something was removed, index all six, and let another wait for its place."""
    del life
    removal = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=NOON, what={"entries": []})
    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), keys) as own:
        async with own.transaction(TENANT) as tx:
            await erase.say(tx, removal, entropy=entropy)
        await sequencer.sequence(TENANT)
        assert await Indexer(db).index(TENANT) == 6
        async with own.transaction(TENANT) as tx:
            await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)


@pytest.mark.usefixtures("removed")
async def test_a_changed_column_is_named(findings_of: FindingsOf) -> None:
    assert await findings_of("update entry set id = id") == []
    repeated = {
        at: (crime, f"row of entry {crime.rpartition(' ')[2]}: {at} is not what the leaf says")
        for at, crime in CRIMES.items()
    }
    for at, (crime, expected) in {**repeated, **NAMED}.items():
        table, _, column = at.partition(".")
        found = await findings_of(f"update {table} set {column} = {crime}")  # noqa: S608  # the crimes above
        assert any(each.startswith(expected) for each in found), (at, found)


@pytest.mark.usefixtures("removed")
async def test_words_that_were_moved_or_untied_are_named(findings_of: FindingsOf) -> None:
    for change in (
        "update entry_words set tokens = tokens || 7 where entry = 4",
        "update entry_words set tokens = '{}' where entry = 4",
        "update entry_words set (tokens, seal) = (select tokens, seal from entry_words where entry=5) where entry = 4",
        "update entry_words set seal = (select seal from entry_words where entry = 5) where entry = 4",
    ):
        assert await findings_of(change) == ["entry 4: what it is found by is not what was indexed"], change


@pytest.mark.usefixtures("removed")
async def test_words_that_the_house_itself_got_wrong_are_named_by_a_deep_look(db: Database, blobs: Blobs) -> None:
    """Sealed as the indexer seals them, and yet not what the entry says."""
    assert (await verify_log(db, blobs, TENANT, is_deep=True)).findings == []
    for entry, changed, expected in (
        (4, "tokens || 7", "entry 4: it is found by what it does not say"),
        (5, "tokens[2:]", "entry 5: it is not found by everything it says"),
    ):
        async with db.transaction(TENANT) as tx:
            (row,) = [each for each in await word_store.at_places(tx, 0, 10) if each.place.entry == entry]
            query = f"select array_send({changed}) as tokens from entry_words where entry = %(entry)s"  # noqa: S608  # above
            tokens = [bigint(token) for token in word_store.read((await tx.one(query, entry=entry)).tokens)]
            await tx.run("delete from entry_words where tenant = %(tenant)s and entry = %(entry)s", entry=entry)
            await word_store.keep(tx, [row], word_store.in_columns(tx.vault.blinder, [row], [tokens]))
        assert (await verify_log(db, blobs, TENANT)).is_sound
        assert expected in (await verify_log(db, blobs, TENANT, is_deep=True)).findings


Erase = Callable[[], Awaitable[None]]


@pytest.fixture
def erase_boss(own: Database, keys: KeyStore, sequencer: Sequencer, entropy: Entropy) -> Erase:
    """Destroy the boss's key as an erasure does, and leave the openings, as a restored backup would."""

    async def said() -> None:
        what: dict[str, Json] = {"entries": [[0, 4]]}
        removal = Removal(request="er_2", rule=Rule.PERSON, actor="operator", at=NOON, what=what)
        async with own.transaction(TENANT) as tx:
            await erase.say(tx, removal, entropy=entropy)
        await sequencer.sequence(TENANT)
        keys.destroy(TENANT, KeyKind.SUBJECT, keys.subject_name(TENANT, "boss@corp.example"))

    return said


@pytest.mark.usefixtures("removed")
async def test_words_of_an_erased_entry_are_no_finding_before_and_after_they_are_forgotten(
    db: Database, blobs: Blobs, erase_boss: Erase
) -> None:
    await erase_boss()
    before = await verify_log(db, blobs, TENANT, is_deep=True)
    assert await Indexer(db).forget(TENANT) > 0
    after = await verify_log(db, blobs, TENANT, is_deep=True)
    assert (before.findings, after.findings, after.erased > 0) == ([], [], True)


@pytest.mark.usefixtures("removed")
async def test_entries_that_the_index_passes_over_are_named(findings_of: FindingsOf) -> None:
    change = "delete from entry_words where entry >= 5"
    assert await findings_of(change) == [
        f"entry {each}: no search finds it, the index does not have it" for each in (5, 6)
    ]


UNMATCHED = "does not match its commitment"
OPENINGS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda opening: {**opening, "sender": {**opening["sender"], "value": "eve@"}}, f"field sender {UNMATCHED}"),
    (lambda opening: {name: opening[name] for name in opening if name != "recipient"}, "field recipient is missing"),
    (lambda opening: {**opening, "more": 1}, "field more has no commitment"),
    (lambda opening: {**opening, "helo": 1}, f"field helo {UNMATCHED}"),
    (lambda opening: {**opening, "helo": {"salt": "?", "value": 1}}, f"field helo {UNMATCHED}"),
    (lambda opening: {**opening, "helo": {"salt": 1, "value": 1}}, f"field helo {UNMATCHED}"),
]


@pytest.mark.usefixtures("life")
async def test_a_changed_opening_is_named(db: Database, findings_of: FindingsOf) -> None:
    """Whoever has the keys may seal anything, and is still held to the commitment in the leaf."""
    async with db.transaction(TENANT) as tx:
        row = await tx.one("select ref from opening where entry = 1")
        opening = await store.opening(tx, EntryId(1))
    assert opening is not None
    for change, finding in OPENINGS:
        changed = json.dumps(change(dict(opening))).encode()
        sealed = db.keys.vault(TENANT).seal(store.place_of(row.ref), changed, at=NOON, subject=None)
        await db.keys.flush()
        crime = f"update opening set sealed = '\\x{sealed.hex()}' where entry = 1"  # noqa: S608  # sealed above
        assert await findings_of(crime) == [f"entry 1: opening {finding}"]


@pytest.mark.usefixtures("life")
async def test_an_opening_sealed_otherwise_is_named(findings_of: FindingsOf) -> None:
    for change in (
        "update opening set sealed = 'x' where entry = 1",
        "update opening set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) where entry = 1",
        "update opening set sealed = (select sealed from opening where entry = 2) where entry = 1",
    ):
        assert await findings_of(change) == ["entry 1: its opening is none"], change


@pytest.mark.usefixtures("life")
async def test_an_opening_that_was_erased_is_counted_and_everything_else_still_agrees(
    db: Database, blobs: Blobs, erase_boss: Erase
) -> None:
    await erase_boss()
    report = await verify_log(db, blobs, TENANT)
    assert report.is_sound, report.findings
    assert report.erased > 0
    assert report.openings + report.erased == report.size


UNSAID = "its opening is under a key that was destroyed, and no entry says that it had to go"
LOST = "its opening is under a key that is lost: nobody destroyed it"


@pytest.mark.usefixtures("life")
async def test_a_key_taken_out_of_the_key_store_is_named_with_every_entry_it_opened(
    db: Database, blobs: Blobs, keys: KeyStore
) -> None:
    keys.destroy(TENANT, KeyKind.SUBJECT, keys.subject_name(TENANT, "boss@corp.example"))
    report = await verify_log(db, blobs, TENANT)
    assert report.erased > 0
    assert [each.partition(": ")[2] for each in report.findings] == [UNSAID] * report.erased
    keys.destroy(TENANT, KeyKind.EPOCH, NOON.strftime("%Y-%m"))
    assert (await verify_log(db, blobs, TENANT)).findings == [f"entry {entry}: {UNSAID}" for entry in range(1, 6)]


def lose(keys: KeyStore, name: str) -> None:
    """Have a person's key gone as from an older copy of the store: nobody destroyed it."""
    [key] = keys.ids(TENANT, KeyKind.SUBJECT, name)
    keys.destroy_ids(TENANT, [key])  # what is remembered of it is forgotten
    with keys._writer() as rows:
        rows._connection.execute("delete from destroyed where id = ?", (key,))


@pytest.mark.usefixtures("life")
async def test_keys_that_an_accepted_older_store_lacks_are_said_to_be_lost_and_by_which_entry(
    db: Database, blobs: Blobs, keys: KeyStore, sequencer: Sequencer, entropy: Entropy
) -> None:
    """An auditor read that somebody had been erased and nothing said why, where a backup had lacked the key."""
    name = keys.subject_name(TENANT, "boss@corp.example")
    lose(keys, name)
    report = await verify_log(db, blobs, TENANT)
    assert report.findings
    assert [each.partition(": ")[2] for each in report.findings] == [LOST] * report.erased
    async with db.transaction(TENANT) as tx:
        accepted = await record.note(tx, consequence(Kind.ACT, "keys.accept", public={"lost": 1}), entropy=entropy)
    await sequencer.sequence(TENANT)
    found = (await verify_log(db, blobs, TENANT)).findings
    told = f"{LOST}; entry {accepted} accepted an older key store since (keys.accept)"
    assert {each.partition(": ")[2] for each in found} == {told}


@pytest.mark.usefixtures("life")
async def test_one_octet_of_an_openings_head_is_named(findings_of: FindingsOf) -> None:
    for octet in range(17):
        changed = f"set_byte(sealed, {octet}, get_byte(sealed, {octet}) # 1)"
        found = await findings_of(f"update opening set sealed = {changed} where entry = 1")  # noqa: S608  # above
        told = ("its opening is none", LOST, UNSAID)  # the last where that happens to be another key's number
        assert found in [[f"entry 1: {each}"] for each in told], octet


GONE = {
    "delete from entry where id = 1": "entry 1: it is missing",
    "delete from opening where entry = 1": "entry 1: its opening is missing",
    "delete from decision_row where entry = 1": "decision_row of entry 1: it is missing",
    "delete from consequence where entry = 4": "consequence of entry 4: it is missing",
    "delete from leaf where leaf_index = 2": "leaf 2: the tables do not know it",
    "update opening set ref = 'op_x' where entry = 1": "entry 1: its opening is none",
    "update entry set leaf = sha256(leaf) where id = 1": "entry 1: its leaf is not the one in the log",
}


@pytest.mark.usefixtures("life")
async def test_a_row_that_is_gone_or_another_is_named(findings_of: FindingsOf) -> None:
    for change, finding in GONE.items():
        found = await findings_of(change)
        assert any(each.startswith(finding) for each in found), (change, found)


ADDED = {
    "insert into decision_row select 99, tenant, account, email, thread, in_reply_to, direction, disposition, outcome,"
    " reason, received_at from decision_row where entry = 1": "decision_row of entry 99: there is no such entry",
    "insert into consequence values (99, 'tn_a', 7, null, 'act', 'x.y')": (
        "consequence of entry 99: there is no such entry"
    ),
    "insert into opening values (99, 'tn_a', 'op_x', 'x')": "opening of entry 99: there is no such entry",
    "insert into entry values (99, 'tn_a', 'act', now(), 'leaf')": (
        "entry 99: it is neither in the log nor waiting for it"
    ),
    "insert into consequence values (1, 'tn_a', 7, null, 'act', 'x.y')": (
        "consequence of entry 1: the entry is of kind decision"
    ),
    "update leaf set entry = 99 where leaf_index = 2": "leaf 2: it is entry 3, and the row says 99",
    "insert into leaf values ('tn_a', 5, 99)": "place of entry 99: there is no such entry",
    "insert into unsequenced values (99, 'tn_a')": "turn of entry 99: there is no such entry",
}


@pytest.mark.usefixtures("life")
async def test_an_invented_row_is_named(findings_of: FindingsOf) -> None:
    for change, finding in ADDED.items():
        assert finding in await findings_of(change), change


@pytest.mark.usefixtures("life")
async def test_a_place_that_was_moved_ahead_before_a_checkpoint_covered_it_is_named(
    db: Database, blobs: Blobs, entropy: Entropy, tamper: Tamper
) -> None:
    async with db.transaction(TENANT) as tx:
        await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        await log_store.assign(tx, 1)
    assert (await verify_log(db, blobs, TENANT)).is_sound
    tamper("update leaf set leaf_index = 9 where leaf_index = 5")
    found = (await verify_log(db, blobs, TENANT)).findings
    assert found == ["place 5: no entry has it, and one after it has its own"]


async def findings_after(db: Database, blobs: Blobs, path: str, octets: bytes | None) -> list[str]:
    if octets is None:
        await blobs.remove(f"{LOG}/{path}")
    else:
        await blobs.write(f"{LOG}/{path}", octets)
    return (await verify_log(db, blobs, TENANT)).findings


@pytest.mark.usefixtures("life")
async def test_a_changed_tile_is_named_with_the_hash(db: Database, blobs: Blobs) -> None:
    path = "tile/0/000.p/5"
    octets = bytearray(await blobs.read(f"{LOG}/{path}") or b"")
    octets[3 * 32] ^= 1
    assert await findings_after(db, blobs, path, bytes(octets)) == [f"{path}: hash 3 is not that of the entries"]
    short = bytes(octets[: 3 * 32])
    assert await findings_after(db, blobs, path, short) == [f"{path}: its length is not that of the entries"]
    assert await findings_after(db, blobs, path, None) == [f"{path}: it is missing"]


@pytest.mark.usefixtures("life")
async def test_a_changed_entry_in_its_bundle_is_named(db: Database, blobs: Blobs) -> None:
    bundle = Tile.parse("tile/entries/000.p/5")
    entries = unpack(bundle, await blobs.read(f"{LOG}/{bundle.path}") or b"")
    entries[3] = entries[3].replace(b'"tokens":5', b'"tokens":6')
    found = await findings_after(db, blobs, bundle.path, pack(entries))
    assert "entry 4: its leaf is not the one in the log" in found
    assert "tile/0/000.p/5: hash 3 is not that of the entries" in found
    assert "checkpoint: its root is not that of the entries" in found
    entries[3] = b"not ours"
    assert "leaf 3: it is no entry of ours" in await findings_after(db, blobs, bundle.path, pack(entries))
    cut = await findings_after(db, blobs, bundle.path, pack(entries)[:-1])
    assert cut == ["tile/entries/000.p/5: tile/entries/000.p/5 is cut short"]
    assert await findings_after(db, blobs, bundle.path, None) == ["tile/entries/000.p/5: it is missing"]


@pytest.mark.usefixtures("life")
async def test_a_checkpoint_that_is_changed_gone_or_of_another_key_is_named(db: Database, blobs: Blobs) -> None:
    async with db.transaction(TENANT) as tx:
        key = await log_store.log_key(tx)
    note = await blobs.read(f"{LOG}/checkpoint")
    assert key is not None
    assert note is not None
    seen = Checkpoint.open(note, VerifierKey.parse(key.vkey))
    (found,) = await findings_after(db, blobs, "checkpoint", note.replace(b"\n5\n", b"\n6\n"))
    assert found.startswith("checkpoint: the signature of ")
    forged = seen.signed(SigningKey(key.origin, bytes(32)))
    assert await findings_after(db, blobs, "checkpoint", forged) == ["checkpoint: no trusted key signed the note"]
    seed = OpenKeyring().unwrap(log_store.LOG_KEY_PURPOSE, key.wrapped_seed)
    stampless = seen.signed(SigningKey(key.origin, seed))
    missing = "checkpoint: the log's stamp of the time is missing"
    assert await findings_after(db, blobs, "checkpoint", stampless) == [missing]
    wrong = CosigningKey(key.origin, seed).cosign(f"{seen.text}x\n", 7)
    (found,) = await findings_after(db, blobs, "checkpoint", stampless + wrong)
    assert found == f"checkpoint: the signature of {key.origin} is wrong"
    stranger = CosigningKey("w.example", bytes(32)).cosign(seen.text, 7)
    (found,) = await findings_after(db, blobs, "checkpoint", note + stranger)
    assert found == "checkpoint: a line of w.example is neither the log's nor a witness's of ours"
    ours = CosigningKey("w.example", bytes(32)).verifier
    assert (await verify_log(db, blobs, TENANT, witnesses=[ours])).is_sound
    assert await findings_after(db, blobs, "checkpoint", None) == ["checkpoint: it is missing"]


@pytest.mark.usefixtures("life")
async def test_a_log_rolled_back_to_an_older_checkpoint_is_found(
    db: Database, blobs: Blobs, sequencer: Sequencer, entropy: Entropy, tamper: Tamper
) -> None:
    older = await blobs.read(f"{LOG}/checkpoint")
    async with db.transaction(TENANT) as tx:
        await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
    await sequencer.sequence(TENANT)
    found = await findings_after(db, blobs, "checkpoint", older)
    assert found == ["checkpoint: one of size 6 was signed, and one of size 5 is published"]
    tamper("update decision_row set reason = 'x' where entry = 1")
    report = await verify_log(db, blobs, TENANT, witnesses=[CosigningKey("w.example", bytes(32)).verifier])
    assert report.findings == [  # what it hides is looked for all the same, and a witness may be late
        f"{found[0]}; it may wait for its witnesses",
        "row of entry 1: decision_row.reason is not what the leaf says",
    ]
    assert report.size == 6
    found = await findings_after(db, blobs, "checkpoint", None)
    assert found == ["checkpoint: it is missing", report.findings[1]]


@pytest.mark.usefixtures("life")
async def test_a_remembered_checkpoint_that_was_changed_is_named(
    db: Database, blobs: Blobs, sequencer: Sequencer, entropy: Entropy, tamper: Tamper
) -> None:
    async with db.transaction(TENANT) as tx:
        await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
    await sequencer.sequence(TENANT)
    tamper("update checkpoint set size = 4 where size = 5")
    found = (await verify_log(db, blobs, TENANT)).findings
    assert found == ["checkpoint of size 4: its root is not that of the entries"]
    tamper("update checkpoint set note = 'x' where size = 4")
    found = (await verify_log(db, blobs, TENANT)).findings
    assert found == ["checkpoint of size 4: the note has no signature lines"]


@pytest.mark.usefixtures("life")
async def test_checkpoints_deleted_from_the_tables_are_found(db: Database, blobs: Blobs, tamper: Tamper) -> None:
    tamper("delete from checkpoint where size = 5")
    report = await verify_log(db, blobs, TENANT)
    assert report.findings == ["checkpoint of size 5: it is published, and the tables do not remember it"]


@pytest.mark.usefixtures("life")
async def test_a_key_known_from_elsewhere_finds_out_a_log_that_was_replaced_with_its_key(
    db: Database, blobs: Blobs
) -> None:
    async with db.transaction(TENANT) as tx:
        kept = await log_store.log_key(tx)
    assert kept is not None
    assert (await verify_log(db, blobs, TENANT, vkey=kept.vkey)).is_sound
    other = str(SigningKey(kept.origin, bytes(32)).verifier)
    assert not (await verify_log(db, blobs, TENANT, vkey=other)).is_sound


@pytest.mark.usefixtures("life")
async def test_a_log_without_its_key_is_not_sound(db: Database, blobs: Blobs, tamper: Tamper) -> None:
    tamper("delete from log_key")
    (found,) = (await verify_log(db, blobs, TENANT)).findings
    assert found.startswith("log key")


def test_a_report_of_a_log_that_is_wrong_all_over_ends_somewhere() -> None:
    report = Report(TENANT)
    for number in range(FINDINGS_MAX + 5):
        report.find(str(number))
    assert len(report.findings) == FINDINGS_MAX


@pytest.mark.usefixtures("removed")
async def test_a_removal_whose_leaf_cannot_be_read_is_named(findings_of: FindingsOf) -> None:
    for old, new in (('{"', "{"), ('"entries"', '"entrees"'), ('"detail"', '"details"'), ("[]", "[7]")):
        leaf = f"convert_to(replace(convert_from(leaf, 'UTF8'), '{old}', '{new}'), 'UTF8')"
        found = await findings_of(f"update entry set leaf = {leaf} where id = 6")  # noqa: S608  # above
        assert "entry 6: its leaf is not the one in the log" in found, (old, found)


OCTETS = "set_byte({0}, {at}, get_byte({0}, {at}) # {bit})"
LETTER = "overlay({0} placing chr(ascii(substr({0}, {at} + 1, 1)) # 1) from {at} + 1 for 1)"
SPELLED = {
    **dict.fromkeys(("entry.leaf", "opening.sealed", "entry_words.seal", "entry_words.sealed_under"), OCTETS),
    **dict.fromkeys(("entry.kind", "opening.ref", "consequence.kind", "consequence.action"), LETTER),
    **dict.fromkeys(
        (f"decision_row.{name}" for name in ("email", "direction", "disposition", "outcome", "reason")), LETTER
    ),
    "checkpoint.note": OCTETS,
}
DRAWS = 3


@pytest.mark.usefixtures("removed")
async def test_one_bit_anywhere_in_a_row_is_named(db: Database, blobs: Blobs, owner_dsn: str) -> None:
    """Drawn anew each time; the seed of the run is in its report."""
    for at, spelling in SPELLED.items():
        table, _, column = at.partition(".")
        number = {"entry": "id", "checkpoint": "size"}.get(table, "entry")
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            query = f"select {number}, {column}, octet_length({column}) from {table} where octet_length({column}) > 0"  # noqa: S608  # of SPELLED
            rows = owner.execute(query.encode()).fetchall()
            placed = [row for row in rows if table == "checkpoint" or row[0] < 7]  # the seventh waits for its place
            for row, old, length in random.choices(placed, k=DRAWS):  # to be repeated
                change = spelling.format(column, at=random.randrange(length), bit=1 << random.randrange(8))
                owner.execute(f"update {table} set {column} = {change} where {number} = {row}".encode())  # noqa: S608
                found = (await verify_log(db, blobs, TENANT, keyring=OpenKeyring())).findings
                named = f"checkpoint of size {row}:" if table == "checkpoint" else f"entry {row}"
                assert any(named in each or "newest checkpoint" in each for each in found), (at, change, found)
                owner.execute(f"update {table} set {column} = %s where {number} = {row}".encode(), [old])  # noqa: S608
    assert (await verify_log(db, blobs, TENANT, keyring=OpenKeyring())).findings == []


@pytest.mark.usefixtures("removed")
async def test_one_bit_anywhere_in_a_file_is_named(db: Database, blobs: Blobs, folder: Path) -> None:
    paths = [path for path in (folder / LOG).rglob("*") if path.is_file()]
    assert {path.parent.name for path in paths} >= {TENANT, "000.p"}
    for path in paths:
        octets = path.read_bytes()
        for at in random.choices(range(len(octets)), k=2 * DRAWS):  # to be repeated
            path.write_bytes(octets[:at] + bytes([octets[at] ^ 1 << random.randrange(8)]) + octets[at + 1 :])
            found = (await verify_log(db, blobs, TENANT, keyring=OpenKeyring())).findings
            name = str(path.relative_to(folder / LOG))
            assert any(name in each or "of the entries" in each for each in found), (name, at, found)
        path.write_bytes(octets)
    assert (await verify_log(db, blobs, TENANT, keyring=OpenKeyring())).findings == []
