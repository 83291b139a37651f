import pytest

from gatepost.app.state import StateError
from gatepost.blobs.mark import StrangeStoreError
from gatepost.cli.faults import sentence
from gatepost.cli.refusal import Refusal
from gatepost.db import DatabaseUnavailableError
from gatepost.keys import KeysDamagedError
from gatepost.settings import SettingsError


@pytest.mark.parametrize(
    "error", [Refusal("there is none"), SettingsError("there is none"), StateError("there is none")]
)
def test_what_we_raise_ourselves_is_its_own_sentence(error: Exception) -> None:
    assert sentence(error) == "there is none"
    assert sentence(ExceptionGroup("tasks", [ExceptionGroup("tasks", [error])])) == "there is none"


def test_a_database_that_is_away_is_told_with_where_to_look() -> None:
    told = sentence(DatabaseUnavailableError("refused"))
    assert told is not None
    assert told.startswith("the database does not answer (refused)")


def test_a_store_that_is_not_ours_is_told_with_what_to_do() -> None:
    told = sentence(StrangeStoreError("ks_one", None))
    assert told is not None
    assert "write `ks_one` into an object `house`" in told


def test_a_key_store_out_of_use_is_not_taken_for_the_database() -> None:
    error = DatabaseUnavailableError("the key store: it is damaged")
    error.__cause__ = KeysDamagedError("it is damaged; restore it")
    assert sentence(error) == "it is damaged; restore it"


def test_a_disk_that_is_full_is_named() -> None:
    assert sentence(OSError(28, "No space left on device", "/x/y")) == "cannot write /x/y: No space left on device"
    assert sentence(OSError(28, "No space left")) == "cannot write what there is to say: No space left"
    assert sentence(FileNotFoundError(2, "No such file")) is None


def test_a_file_of_another_account_is_named() -> None:
    told = sentence(PermissionError(13, "Permission denied", "/x/keys"))
    assert told is not None
    assert told.startswith("/x/keys: Permission denied; ")
    assert sentence(PermissionError(1, "Operation not permitted")) is None


def test_a_fault_keeps_its_traceback() -> None:
    assert sentence(ValueError("there is none")) is None
    assert sentence(ExceptionGroup("tasks", [Refusal("there is none"), ValueError("odd")])) is None


def test_a_system_that_allows_no_thread_is_named() -> None:
    error = RuntimeError("can't start new thread")
    for each in (error, ExceptionGroup("tasks", [ExceptionGroup("tasks", [error, OSError("and more")])])):
        told = sentence(each)
        assert told is not None
        assert "TasksMax" in told
    assert sentence(RuntimeError("another")) is None
