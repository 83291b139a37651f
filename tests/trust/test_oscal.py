from gatepost.trust import Outcome, oscal, read_claims, read_operator
from gatepost.trust.catalogue import CATALOGUE
from trust.scene import Scene


async def test_only_a_pass_is_satisfied_and_a_word_is_no_test(scene: Scene) -> None:
    scene.catalogue = {name: CATALOGUE[name] for name in ("entity.agrees", "control.mapped", "commitment.kept")}
    await scene.engine().round(everything=True)
    await scene.publish()
    claims = await read_claims(scene.house.db, scene.folder, scene.clock)
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
    assert {method for each in observed.values() for method in each["methods"]} == {"TEST", "EXAMINE"}
    assert all(each["expires"] > each["collected"] for each in observed.values())


async def test_components_name_every_control_with_its_applicability(scene: Scene) -> None:
    operator = read_operator(scene.folder)
    claims = await read_claims(scene.house.db, scene.folder, scene.clock)
    told = oscal.component_definition(claims, operator)
    (component,) = told["component-definition"]["components"]
    (made,) = component["control-implementations"]
    numbers = [each["control-id"] for each in made["implemented-requirements"]]
    assert numbers == [f"a.{each.number}" for each in operator.controls]
