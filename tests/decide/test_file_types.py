"""Files are named in ways that some file can have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.file_types import media_type, type_or_end
from gatepost.decide.shape import Faults
from gatepost.mail.kinds import KINDS, Begins, File


@pytest.mark.parametrize("written", ["application/pdf", "image/*", "Application/vnd.ms-Excel.Sheet.macroEnabled.12"])
def test_a_media_type_is_read_in_lower_case(written: str) -> None:
    faults = Faults()
    assert media_type(written, "type", faults) == type_or_end(written, "type", faults) == written.lower()
    assert not faults.told


@pytest.mark.parametrize("written", [".pdf", ".tar.gz", ".7Z"])
def test_the_end_of_a_name_is_one_where_it_may_be(written: str) -> None:
    faults = Faults()
    assert type_or_end(written, "type", faults) == written.lower()
    assert not faults.told
    media_type(written, "type", faults)
    assert faults.told


@pytest.mark.parametrize(
    "written",
    ["*/*", "*/pdf", "application/pdf ", "text/plain; charset=utf-8", ".pdf .exe", ".", ".pdf.", "/", "a/b/c", "image/",
     "pdf", "*.pdf", ".p\u0501f", "x" * 129, None, 5],
)  # fmt: skip
def test_what_no_file_can_have_is_refused(written: object) -> None:
    faults = Faults()
    type_or_end(written, "type", faults)
    assert [each.path for each in faults.told] == ["type"]


def test_whatever_the_house_knows_can_be_named() -> None:
    faults = Faults()
    for kind in KINDS:
        for written in (*kind.types, *kind.ends):
            assert type_or_end(written, "type", faults) == written
    assert not faults.told


@given(st.from_regex(r"\A(?:[a-z]{1,9}/[a-z0-9.+-]{1,9}|\.[a-z0-9]{1,6}|[ -~]{1,12})\Z"))
def test_what_is_accepted_finds_a_file(written: str) -> None:
    faults = Faults()
    found = str(type_or_end(written, "type", faults))
    if not faults.told:
        end = found if found.startswith(".") else ""
        file = File("a/a" if end else found.replace("*", "x"), f"a{end}", Begins.UNKNOWN)
        assert file.is_said_to_be([found])
