"""Cursors: they say nothing, fit one list of one tenant, and take nothing else for a place."""

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.keys import CursorError, KeyStore, cursor_of, cut, numbered, place_of, read_numbered, read_timed, timed


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStore]:
    folder: Path = tmp_path_factory.mktemp("keys")
    folder.chmod(0o700)
    made = KeyStore.open(folder, os.urandom)
    yield made
    made.close()


@given(place=st.binary(min_size=1, max_size=40), of_list=st.text(max_size=80))
def test_a_cursor_leads_back_to_its_place(store: KeyStore, place: bytes, of_list: str) -> None:
    vault = store.vault("tn_a")
    cursor = cursor_of(vault, of_list, place)
    assert place_of(store.vault("tn_a"), of_list, cursor) == place
    assert set(cursor) <= {*"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"}
    for other, name in ((vault, f"{of_list}/"), (store.vault("tn_b"), of_list)):
        with pytest.raises(CursorError):
            place_of(other, name, cursor)


@given(cursor=st.text(max_size=80))
def test_what_somebody_made_up_is_no_cursor(store: KeyStore, cursor: str) -> None:
    with pytest.raises(CursorError):
        place_of(store.vault("tn_a"), "mail/1", cursor)


def test_no_character_of_a_cursor_can_be_another(store: KeyStore) -> None:
    vault = store.vault("tn_a")
    cursor = cursor_of(vault, "mail/1", (7).to_bytes(8, "big"))
    for at, char in enumerate(cursor):
        for other in ("A" if char != "A" else "B", "", "=", " ", "+", char + char):
            with pytest.raises(CursorError):
                place_of(vault, "mail/1", f"{cursor[:at]}{other}{cursor[at + 1 :]}")


def test_neighbours_are_spelled_nothing_alike(store: KeyStore) -> None:
    """Who sees two cursors cannot tell how many messages the house got between them."""
    vault = store.vault("tn_a")
    spelled = [cursor_of(vault, "mail/1", number.to_bytes(8, "big")) for number in range(200)]
    assert {len(each) for each in spelled} == {32}
    assert all(sum(a == b for a, b in zip(one, two, strict=True)) < 10 for one, two in itertools.pairwise(spelled))


@given(at=st.datetimes(timezones=st.just(UTC)), tie=st.text(max_size=30))
def test_a_time_comes_back_to_the_microsecond(at: datetime, tie: str) -> None:
    assert read_timed(timed(at, tie)) == (at, tie)


@given(number=st.integers(0, 2**64 - 1))
def test_a_number_comes_back(number: int) -> None:
    assert read_numbered(numbered(number)) == number


@pytest.mark.parametrize("rows", range(8))
def test_pages_show_each_row_once_and_end(store: KeyStore, rows: int) -> None:
    vault, shown, cursor = store.vault("tn_a"), [], None
    for _ in range(4):
        above = -1 if cursor is None else read_numbered(place_of(vault, "mail/1", cursor))
        page, cursor = cut(vault, "mail/1", [each for each in range(rows) if each > above][:4], 3, numbered)
        shown += page
        if cursor is None:
            break
    assert (shown, cursor) == (list(range(rows)), None)
