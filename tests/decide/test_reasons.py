import re
from pathlib import Path

from gatepost.decide.reasons import Reason

LISTED = Path(__file__).with_name("reasons.txt").read_text().split()
"""Codes stand in records for years: add below, never change or remove."""


def test_the_codes_are_those_checked_in() -> None:
    assert sorted(Reason) == sorted(LISTED)


def test_each_code_is_a_subject_and_a_fact() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", code) for code in LISTED)


def test_operators_find_each_code_in_the_policy_page() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "policy.md").read_text()
    assert [code for code in LISTED if f"`{code}`" not in page] == []
