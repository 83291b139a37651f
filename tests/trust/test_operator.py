import os
from datetime import date
from pathlib import Path

import pytest

from gatepost import trust
from gatepost.trust.lint import REFERENCE
from gatepost.trust.operator import OperatorError, read_operator
from gatepost.trust.paper import ClaimClass
from gatepost.trust.registers import Contact
from trust.scene import EXAMPLE, copied


def test_the_example_takes_a_stand_on_every_row() -> None:
    claims = {claim.id for claim in read_operator(EXAMPLE).claims}
    assert claims >= set(REFERENCE)
    assert len(REFERENCE) == 111


def test_most_rows_of_the_example_run_a_check_and_the_rest_say_what_is_missing() -> None:
    claims = read_operator(EXAMPLE).claims
    assert sum(bool(claim.check) for claim in claims) >= 60
    assert all(claim.check or claim.absent or claim.attestation for claim in claims)


def test_the_example_has_its_nine_policies() -> None:
    policies = {each.id for each in read_operator(EXAMPLE).documents if each.kind == "policy"}
    assert len(policies) == 9
    assert {"information-security", "access", "incident", "continuity", "vulnerability"} <= policies


def test_registers_are_typed() -> None:
    operator = read_operator(EXAMPLE)
    assert isinstance(operator.contacts[0], Contact)
    assert operator.documents[0].reviewed_on == date(2026, 10, 5)
    assert {claim.claim_class for claim in operator.claims} == set(ClaimClass)


def test_a_changed_octet_changes_the_digest(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    before = read_operator(folder).digest
    assert before == read_operator(EXAMPLE).digest
    (folder / "policies" / "access.md").write_text("None.\n")
    assert read_operator(folder).digest != before


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("contacts.toml", 'role = "security"', 'rolle = "security"', "nobody reads rolle"),
        ("contacts.toml", 'role = "security"\n', "", "role is missing"),
        ("contacts.toml", 'owner = "security lead"', 'owner = ""', "owner is empty"),
        ("contacts.toml", 'owner = "security lead"', "owner = 7", "must be a text"),
        ("commitments.toml", "due_days = 90", "due_days = true", "must be a int"),
        ("suppliers.toml", "engaged_on = 2026-03-02", 'engaged_on = "soon"', "must be a date"),
        ("disclosure.toml", 'languages = ["en"]', "languages = [1]", "must be a list of texts"),
        ("claims.toml", 'id = "A2"', 'id = "A1"', "only one of each"),
        ("claims.toml", 'kind = "ledger"', 'kind = "hearsay"', "kind must be one of"),
        ("claims.toml", "attested_on = 2026-10-05\n", "", "attested_by, attested_on and attested_until"),
        ("documents.toml", "policies/access.md", "policies/none.md", "there is no file"),
        ("terms.toml", "[[terms]]", "[[term]]", "nobody reads [term]"),
        ("operator.toml", "[entity]", "[company]", "it has no [entity]"),
        ("operator.toml", "[place]", "[place", "operator.toml:"),
        ("claims.toml", "cadence_minutes = 15", "cadence_minutes = 99999999999999", "must be a number from 0 to"),
        ("claims.toml", "attested_until = 2027-10-04", "attested_until = 9999-12-31", "must be before the year 3000"),
        ("claims.toml", 'text = "The operator is', 'text = "The\\u0000 operator is', "has a control character"),
        ("disclosure.toml", "acknowledge_hours = 24", "acknowledge_hours = 999999999999", "must be a number from 0 to"),
        ("disclosure.toml", 'languages = ["en"]', 'languages = ["e\\u001bn"]', "has a control character"),
        ("claims.toml", '{ role = "security" }', '{ role = "se\\u0000curity" }', "arguments has a control character"),
        ("documents.toml", "review_days = 365", "review_days = -1", "must be a number from 0 to"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, file: str, old: str, new: str, fault: str) -> None:
    folder = copied(tmp_path)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    with pytest.raises(OperatorError) as caught:
        read_operator(folder)
    assert any(fault in each for each in caught.value.faults), caught.value.faults


def test_a_folder_of_somebody_else_is_none(tmp_path: Path) -> None:
    with pytest.raises(trust.OperatorError, match=r"claims\.toml"):
        read_operator(tmp_path)
    with pytest.raises(trust.OperatorError):
        read_operator(tmp_path / "nowhere")


@pytest.mark.parametrize("claims", ["5", "{}", '"none"'])
def test_claims_that_are_no_rows_are_named(tmp_path: Path, claims: str) -> None:
    folder = copied(tmp_path)
    (folder / "claims.toml").write_text(f"claims = {claims}\n")
    with pytest.raises(OperatorError, match=r"write \[\[claims\]\]"):
        read_operator(folder)


def test_a_pipe_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    os.mkfifo(folder / "more.toml")
    with pytest.raises(OperatorError, match="is no file"):
        read_operator(folder)


def test_an_editors_mark_beside_a_file_is_none_of_the_folders(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / ".#claims.toml").symlink_to("ann@desk.1234:1795000000")
    assert read_operator(folder).digest == read_operator(EXAMPLE).digest


def test_a_file_too_long_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "notes" / "long.md").write_text("x" * 1_000_001)
    with pytest.raises(OperatorError, match="longer"):
        read_operator(folder)
