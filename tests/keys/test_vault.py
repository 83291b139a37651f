"""Seals: what was sealed opens in its place, for its tenant, whole, and nowhere else."""

import os
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys import FILE, ErasedError, KeyLostError, KeyringError, KeyStore, Kind, SealBrokenError, Vault
from gatepost.keys.vault import PIECE_OCTETS, month_of

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BOSS = "boss@example.org"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStore]:
    folder = tmp_path_factory.mktemp("keys")
    folder.chmod(0o700)
    made = KeyStore.open(folder, os.urandom)
    yield made
    made.close()


@pytest.fixture(scope="module")
def vault(store: KeyStore) -> Vault:
    return store.vault("tn_a")


@given(octets=st.binary(max_size=300), place=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_what_is_sealed_for_a_place_opens_there(vault: Vault, octets: bytes, place: str) -> None:
    assert vault.open(place, vault.seal_lasting(place, octets)) == octets
    for subject in (None, BOSS):
        assert vault.open(place, vault.seal(place, octets, at=NOON, subject=subject)) == octets


def seals(vault: Vault) -> list[bytes]:
    return [
        vault.seal_lasting("email/1", b"secret"),
        vault.seal("email/1", b"secret", at=NOON, subject=BOSS),
        vault.seal("email/1", b"secret", at=NOON, subject=None),
    ]


def test_a_seal_that_was_moved_does_not_open(store: KeyStore, vault: Vault) -> None:
    store.vault("tn_b").blind("p", "")  # it has a key of its own
    for sealed in seals(vault):
        for other, place in ((vault, "email/2"), (store.vault("tn_b"), "email/1")):
            with pytest.raises(KeyringError):
                other.open(place, sealed)


@given(data=st.data())
def test_no_bit_of_a_seal_can_be_changed(vault: Vault, data: st.DataObject) -> None:
    changed = bytearray(data.draw(st.sampled_from(seals(vault))))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((KeyringError, ErasedError)):  # a key with another id was never there
        vault.open("email/1", bytes(changed))


@given(garbage=st.binary(max_size=80))
def test_garbage_is_no_seal(vault: Vault, garbage: bytes) -> None:
    with pytest.raises((KeyringError, ErasedError)):
        vault.open("email/1", garbage)
    with pytest.raises((KeyringError, ErasedError)):
        list(vault.open_stream("email/1", [garbage]))


def test_the_same_words_sealed_twice_look_different(vault: Vault) -> None:
    assert len({*seals(vault), *seals(vault)}) == 6


def test_a_seal_says_nothing_but_its_length(vault: Vault) -> None:
    assert {len(each) for each in seals(vault)} == {1 + 12 + 6 + 16, 1 + 16 + 12 + 6 + 16}
    assert not any(b"secret" in each for each in seals(vault))


def test_a_token_is_equal_for_one_text_tenant_and_purpose_and_no_other(store: KeyStore, vault: Vault) -> None:
    token = vault.blind("sender", BOSS)
    assert len(token) == 16
    assert vault.blind_text("sender", BOSS) == token.hex()
    assert store.vault("tn_a").blind("sender", BOSS) == token
    assert vault.blinder.blind_all("sender", [BOSS, "\udc80", BOSS]) == [token, vault.blind("sender", "\udc80"), token]
    numbers = [int.from_bytes(blind[:8], "big") >> 1 for blind in vault.blinder.blind_all("sender", [BOSS, "\udc80"])]
    assert vault.blinder.blind_numbers("sender", [BOSS, "\udc80"]) == numbers
    others = {vault.blind("sender", "Boss@example.org"), vault.blind("word", BOSS), vault.blind("", f"sender\0{BOSS}")}
    assert len({token, *others, store.vault("tn_b").blind("sender", BOSS)}) == 4 + (len(others) - 2)
    assert vault.blind("sender", "\udc80") != token  # what is no Unicode text has a token too


def test_what_was_blinded_in_a_transaction_is_not_hashed_again(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = store.vault("tn_a")
    token = vault.blind("sender", BOSS)
    monkeypatch.setattr("gatepost.keys.vault.Mac.__call__", lambda *_: b"another")
    assert vault.blind("sender", BOSS) == vault.blind("sender", BOSS.encode()) == token
    assert vault.blind("word", BOSS) == b"another"


@pytest.fixture
def folder_of(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


def test_a_tenants_key_that_was_destroyed_makes_no_token_any_more(store: KeyStore) -> None:
    vault = store.vault("tn_gone")
    before = vault.blinder.blind_all("sender", [BOSS])
    store.destroy("tn_gone")
    assert vault.blind("sender", BOSS) not in before


def test_the_months_key_is_of_universal_time() -> None:
    assert month_of(datetime.fromisoformat("2026-12-01T00:30:00+01:00")) == "2026-11"


def test_a_key_that_is_lost_is_not_called_destroyed(folder_of: Path) -> None:
    """As after a restore of an older copy: an erased person and a lost key are two things."""
    with closing(KeyStore.open(folder_of, os.urandom)) as store:
        vault = store.vault("tn_a")
        kept = [vault.seal("email/1", b"secret", at=NOON, subject=each) for each in (BOSS, "eve@example.org")]
        store.flush_now()
        store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", BOSS))
        [lost] = store.ids("tn_a", Kind.SUBJECT, store.subject_name("tn_a", "eve@example.org"))
    with closing(sqlite3.connect(folder_of / FILE, isolation_level=None)) as rows:
        rows.execute("delete from key where id = ?", (lost,))
    with closing(KeyStore.open(folder_of, os.urandom)) as store:
        first, second = store.vault("tn_a").open_all([("email/1", each) for each in kept])
        assert (type(first), type(second)) == (ErasedError, KeyLostError)
        assert store.vault("tn_a").is_erased(kept[1]), "nobody can read it either"
        store.destroy_ids("tn_a", [lost])  # as the roll of erasures does, whose key came back and went
        assert type(store.vault("tn_a").open_all([("email/1", kept[1])])[0]) is ErasedError


def test_of_a_store_that_kept_no_list_nothing_is_called_lost(folder_of: Path) -> None:
    with closing(KeyStore.open(folder_of, os.urandom)) as store:
        sealed = store.vault("tn_a").seal("email/1", b"secret", at=NOON, subject=BOSS)
        store.flush_now()
        store.destroy("tn_a", Kind.SUBJECT, store.subject_name("tn_a", BOSS))
    with closing(sqlite3.connect(folder_of / FILE, isolation_level=None)) as rows:
        rows.execute("drop table destroyed")
    for _ in range(2):
        with closing(KeyStore.open(folder_of, os.urandom)) as store:
            [found] = store.vault("tn_a").open_all([("email/1", sealed)])
            assert type(found) is ErasedError


@pytest.mark.parametrize("kind", [Kind.EPOCH, Kind.SUBJECT])
def test_destroying_either_key_makes_it_unreadable_for_ever(store: KeyStore, kind: Kind) -> None:
    vault = store.vault(f"tn_{kind}")
    theirs = vault.seal("email/1", b"secret", at=NOON, subject=BOSS)
    piece = list(vault.seal_stream("body/1", [b"secret"], at=NOON, subject=BOSS))
    lasting = vault.seal_lasting("email/1", b"secret")
    name = "2026-11" if kind is Kind.EPOCH else store.subject_name(f"tn_{kind}", BOSS)
    other = vault.seal("email/2", b"else", at=NOON.replace(month=12), subject="eve@example.org")
    store.destroy(f"tn_{kind}", kind, name)
    with pytest.raises(ErasedError):
        vault.open("email/1", theirs)
    with pytest.raises(ErasedError):
        list(vault.open_stream("body/1", piece))
    assert vault.open("email/2", other) == b"else"
    assert vault.open("email/1", lasting) == b"secret"
    assert other[:17] == vault.seal("email/2", b"else", at=NOON.replace(month=12), subject="eve@example.org")[:17]
    with pytest.raises(ErasedError):  # it began before; another transaction has other keys
        vault.seal("email/3", b"later", at=NOON, subject=BOSS)
    vault = store.vault(f"tn_{kind}")
    assert vault.open("email/3", vault.seal("email/3", b"later", at=NOON, subject=BOSS)) == b"later"


def test_many_are_opened_at_once_and_each_answers_for_itself(store: KeyStore) -> None:
    vault = store.vault("tn_many")
    good = seals(vault)
    gone = vault.seal("email/1", b"secret", at=NOON, subject="eve@example.org")
    store.destroy("tn_many", Kind.SUBJECT, store.subject_name("tn_many", "eve@example.org"))
    bad = [good[1][:-1] + bytes([good[1][-1] ^ 1]), good[1][:20], b"", b"\x02", b"\x07" + good[1][1:]]
    found = vault.open_all([("email/1", each) for each in (*good, gone, *bad)] + [("email/2", good[1])])
    assert found[:3] == [b"secret"] * 3
    assert [type(each) for each in found[3:]] == [ErasedError] + [SealBrokenError] * 6


SIZES = [0, 1, PIECE_OCTETS - 1, PIECE_OCTETS, PIECE_OCTETS + 1, 3 * PIECE_OCTETS, 3 * PIECE_OCTETS + 5]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1_000, PIECE_OCTETS, 10**9])
def test_a_stream_opens_whatever_the_pieces(vault: Vault, size: int, step: int) -> None:
    octets = os.urandom(size)
    given_pieces = [octets[at : at + step] for at in range(0, size, step)]
    sealed = b"".join(vault.seal_stream("body/1", given_pieces, at=NOON, subject=BOSS))
    for cut in (step, 7_777):
        pieces = [sealed[at : at + cut] for at in range(0, len(sealed), cut)]
        assert b"".join(vault.open_stream("body/1", pieces)) == octets


def test_a_stream_cannot_be_cut_repeated_or_put_in_another_order(vault: Vault) -> None:
    head, *pieces = vault.seal_stream("body/1", [os.urandom(3 * PIECE_OCTETS)], at=NOON, subject=BOSS)
    one, two, three = pieces
    longer, *_ = list(vault.seal_stream("body/1", [b"x"], at=NOON, subject=BOSS))
    for crime in (
        [head],
        [head[:20]],
        [head, one],
        [head, one, two],
        [head, two, one, three],
        [head, one, one, two, three],
        [head, one, two, three, three],
        [head, one, two, three[:-1]],
        [longer, one, two, three],
    ):
        with pytest.raises(KeyringError):
            list(vault.open_stream("body/1", crime))
    with pytest.raises(KeyringError):
        list(vault.open_stream("body/2", [head, *pieces]))


def test_a_stream_is_never_in_memory_whole(vault: Vault) -> None:
    pieces = (bytes(PIECE_OCTETS) for _ in range(200))
    sealing = vault.seal_stream("body/1", pieces, at=NOON, subject=BOSS)
    tracemalloc.start()
    assert sum(map(len, vault.open_stream("body/1", sealing))) == 200 * PIECE_OCTETS
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * PIECE_OCTETS


def test_sealing_a_message_costs_microseconds(vault: Vault) -> None:
    """Three seals (row, body, opening) and six tokens; 20 µs is the aim; a slow machine may take many times that."""
    text = os.urandom(2_000)
    begun = time.process_time()
    for number in range(2_000):
        for table in ("email", "body", "opening"):
            vault.seal(f"{table}/{number}", text, at=NOON, subject=BOSS)
        for token in range(6):
            vault.blind("message", f"{number}.{token}")
    assert (time.process_time() - begun) / 2_000 < 600e-6


def test_a_blinder_makes_the_same_tokens_and_asks_the_key_store_for_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    store = KeyStore.open(tmp_path, os.urandom)
    vault = store.vault("tn_a")
    expected, blinder = [vault.blind("words", each) for each in ("one", b"two")], vault.blinder
    store._lasting.clear()
    store.close()
    assert blinder.blind_all("words", ["one", b"two"]) == expected


def test_the_beginning_of_a_seal_says_whether_its_key_was_destroyed(store: KeyStore) -> None:
    vault = store.vault("tn_erased")
    ann, bob = (vault.seal("email/1", b"x", at=NOON, subject=name)[:17] for name in ("ann@x.example", "bob@x.example"))
    store.flush_now()
    assert not vault.is_erased(ann)
    store.destroy("tn_erased", Kind.SUBJECT, store.subject_name("tn_erased", "ann@x.example"))
    vault = store.vault("tn_erased")
    assert vault.is_erased(ann)
    assert not vault.is_erased(bob)
    assert not vault.is_erased(vault.seal_lasting("email/1", b"x")[:1])
    assert not any(map(vault.is_erased, (b"", b"\xff", bob[:9], b"\x02" + b"\xff" * 16)))
