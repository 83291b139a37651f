import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from gatepost.trust import Outcome, oscal, read_claims, read_operator
from gatepost.trust.catalogue import CATALOGUE
from trust.scene import Scene


async def test_only_a_pass_is_satisfied_and_a_word_is_no_test(scene: Scene) -> None:
    scene.catalogue = {name: CATALOGUE[name] for name in ("entity.agrees", "control.mapped", "scope.rendered")}
    await scene.engine().round(everything=True)
    await scene.publish()
    claims = await read_claims(scene.house, scene.folder)
    told = oscal.assessment_results(claims, read_operator(scene.folder), "https://mail.house.test/trust")
    (result,) = told["assessment-results"]["results"]
    states = {each["title"]: each["target"]["status"]["state"] for each in result["findings"]}
    assert states == {
        each.claim.id: "satisfied" if each.status is Outcome.PASS else "not-satisfied" for each in claims.listed
    }
    assert "satisfied" in states.values()
    observed = {each["uuid"]: each for each in result["observations"]}
    for each in result["findings"]:
        for related in each.get("related-observations", []):
            assert related["observation-uuid"] in observed
    method = {each["uuid"]: each["methods"] for each in observed.values()}
    assert {name for names in method.values() for name in names} == {"TEST", "EXAMINE", "UNKNOWN"}
    for each in claims.listed:  # what is not built, and what no check looked at, was not tested
        if each.last is not None and each.last.result.control is None:
            assert method[oscal._id("observation", each.claim.id)] != ["TEST"]
    assert all(each["expires"] > each["collected"] for each in observed.values())


async def test_components_name_every_control_with_its_applicability(scene: Scene) -> None:
    operator = read_operator(scene.folder)
    claims = await read_claims(scene.house, scene.folder)
    told = oscal.component_definition(claims, operator)
    (component,) = told["component-definition"]["components"]
    (made,) = component["control-implementations"]
    numbers = [each["control-id"] for each in made["implemented-requirements"]]
    assert numbers == [f"a.{each.number}" for each in operator.controls]


READER = """
import sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.component import ComponentDefinition
AssessmentResults.oscal_read(Path(sys.argv[1]))
ComponentDefinition.oscal_read(Path(sys.argv[2]))
"""
"""In a process of its own: it is not held to our rules on warnings."""


async def test_compliance_trestle_reads_both(scene: Scene, tmp_path: Path) -> None:
    scene.catalogue = {name: CATALOGUE[name] for name in ("entity.agrees", "staff.trained")}
    await scene.engine().round(everything=True)
    await scene.publish()
    claims = await read_claims(scene.house, scene.folder)
    operator = read_operator(scene.folder)
    results, components = tmp_path / "results.json", tmp_path / "components.json"

    def read(told: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        results.write_text(json.dumps(told))
        command = [sys.executable, "-c", READER, str(results), str(components)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603  # as above

    components.write_text(json.dumps(oscal.component_definition(claims, operator)))
    told = oscal.assessment_results(claims, operator, "https://mail.house.test/trust")
    done = read(told)
    assert done.returncode == 0, done.stderr
    plan = told["assessment-results"]["back-matter"]["resources"][0]["uuid"]
    assert told["assessment-results"]["import-ap"]["href"] == f"#{plan}"
    del told["assessment-results"]["results"][0]["findings"][0]["target"]
    assert read(told).returncode != 0
