import re

import pytest

from gatepost.doors.rest.problems import MEANINGS, Code, Problem, missing, response, unavailable


def test_every_code_has_a_meaning_and_the_form_subject_fact() -> None:
    assert set(MEANINGS) == set(Code)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", code) for code in Code)


@pytest.mark.parametrize(
    "problem", [Problem(Code.KEY_REUSED, errors=["said \ud800"]), missing("message"), unavailable(["body.missing"])]
)
def test_a_problem_is_spelled_by_its_code(problem: Problem) -> None:
    answer = response(problem)
    assert answer.status_code == MEANINGS[problem.code].status
    assert bytes(answer.body).startswith(f'{{"type":"/api/problems/{problem.code}","title":"'.encode())
