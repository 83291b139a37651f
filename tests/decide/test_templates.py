"""Each template is a policy without faults, and does what its tests say."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from decide.test_outbound import facts, saying
from gatepost.decide import fixtures, templates
from gatepost.decide.language import parse
from gatepost.decide.lint import lint
from gatepost.decide.paper import Disposition
from gatepost.decide.rules import settle
from gatepost.decide.templates import TEMPLATES, template
from gatepost.decide.written import read_document


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_does_what_its_tests_say(name: str) -> None:
    document = read_document(template(name).encode())
    policy, warnings = parse(document, version=1)
    assert warnings == []
    tried = fixtures.run(policy, fixtures.read_fixtures(document))
    assert len(tried) >= 3
    assert [(each.name, each.faults) for each in tried if each.faults] == []
    assert {rule.index for rule in policy.rules} <= {spoke(each) for each in tried} | {-1}
    assert lint(policy, now=datetime(2026, 1, 1, tzinfo=UTC)) == []


def spoke(tried: fixtures.Tried) -> int:
    said = next((step.result for step in tried.trace if step.check == "rule"), "none")
    return -1 if said == "none" else int(said[8:-1])


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("alerts", Disposition.REJECT),  # "nothing is ever answered", whether the machine says that it is one or not
        ("newsletters", Disposition.REJECT),
        ("quarantine", Disposition.HOLD),
        ("support", Disposition.DELIVER),
    ],
)
def test_what_a_template_says_of_answers_is_so(name: str, disposition: Disposition) -> None:
    policy, _ = parse(read_document(template(name).encode()), version=1)
    assert settle(saying(), policy, facts()).decision.disposition is disposition


def test_there_are_as_many_files_as_names_and_no_other_name_is_read() -> None:
    folder = Path(templates.__file__).parent
    assert {file.stem for file in folder.glob("*.yaml")} == set(TEMPLATES)
    with pytest.raises(LookupError):
        template("../grammar")
