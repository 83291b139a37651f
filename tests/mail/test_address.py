import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.address import Address, fold_local


def test_ascii_and_other_letters_compare_without_case() -> None:
    assert Address.parse("BOSS@acme.example").key == Address.parse("boss@ACME.example").key
    assert Address.parse("ÄRGER@acme.example").key == Address.parse("ärger@acme.example").key


@pytest.mark.parametrize("alike", ["bo\u017f\u017f", "bo\u00df", "\uff42oss"])
def test_a_letter_that_folds_to_ascii_is_not_somebody_elses(alike: str) -> None:
    assert Address.parse(f"{alike}@acme.example").key != Address.parse("boss@acme.example").key


def test_the_kelvin_sign_is_not_a_k() -> None:
    assert Address.parse("\u212aim@acme.example").key != Address.parse("kim@acme.example").key


@given(st.text(max_size=20))
def test_only_ascii_folds_to_ascii(local: str) -> None:
    assert fold_local(local).isascii() == local.isascii()
    assert fold_local(fold_local(local)) == fold_local(local)
