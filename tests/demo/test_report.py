"""The report says what came out, and complains of each difference."""

import json
from pathlib import Path
from typing import Any

import pytest

import report
import scenarios
from smtp import Answer

BOSS = scenarios.SCENARIOS[0]
LOST = next(scenario for scenario in scenarios.SCENARIOS if scenario.name == "unknown-recipient")
ROW: dict[str, Any] = {
    "verification_spf": "pass",
    "verification_dkim": "pass",
    "verification_dmarc": "pass",
    "verification_arc": "none",
    "from_alignment": True,
    "outcome": "delivered",
    "reason": "rule.matched",
    "leaf_index": 3,
}
ACCEPTED = Answer(250, "2.0.0", ("2.0.0 ok",))


def complaints(scenario: scenarios.Scenario, answer: Answer, row: dict[str, Any] | None) -> list[str]:
    result = report.Result(scenario, answer, row)
    result.judge()
    return result.complaints


def test_what_came_out_as_it_must_gives_no_complaint() -> None:
    assert complaints(BOSS, ACCEPTED, ROW) == []
    assert complaints(LOST, Answer(550, "5.1.1", ("5.1.1 nobody",)), None) == []


@pytest.mark.parametrize(
    "change", [{"verification_spf": "fail"}, {"from_alignment": False}, {"outcome": "x"}, {"reason": "x"}]
)
def test_any_difference_in_the_row_is_a_complaint(change: dict[str, Any]) -> None:
    assert len(complaints(BOSS, ACCEPTED, ROW | change)) == 1


def test_a_missing_log_index_is_a_complaint() -> None:
    assert complaints(BOSS, ACCEPTED, ROW | {"leaf_index": None}) == ["has a log index: False, not True"]


def test_another_smtp_answer_is_a_complaint() -> None:
    assert complaints(BOSS, Answer(451, "4.3.0", ()), ROW) == ["SMTP answer: 451 4.3.0, not 250 2.0.0"]


def test_accepted_mail_without_a_row_is_a_complaint() -> None:
    assert "outcome: accepted_without_a_row, not refused_in_session" in complaints(LOST, ACCEPTED, None)


def test_the_json_has_the_promised_shape(tmp_path: Path) -> None:
    report.write([report.Result(BOSS, ACCEPTED, ROW), report.Result(LOST, Answer(550, "5.1.1", ()), None)], tmp_path)
    boss, lost = json.loads((tmp_path / "report.json").read_text())
    assert boss == {
        "name": "signed-boss",
        "verdicts": {"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "none", "aligned": True},
        "outcome": "delivered",
        "reason": "rule.matched",
        "leaf_index": 3,
    }
    assert (lost["outcome"], lost["leaf_index"]) == ("refused_in_session", None)
    assert set(lost["verdicts"].values()) == {None}


def test_the_table_has_a_row_per_result() -> None:
    assert report.table([report.Result(BOSS, ACCEPTED, ROW)]).row_count == 1
