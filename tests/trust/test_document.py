from gatepost import trust
from gatepost.trust.document import spelled
from trust.scene import Scene
from trust.test_engine import Lamp, lamp

__all__ = ["lamp"]

CONTRACT = {
    "id",
    "text",
    "class",
    "status",
    "value",
    "unit",
    "checked_at",
    "expires_at",
    "check_id",
    "check_version",
    "control_result",
    "evidence",
    "history_url",
}


async def test_claims_json_has_the_fields_of_the_contract(scene: Scene, lamp: Lamp) -> None:
    del lamp
    await scene.engine().round()
    await scene.publish()
    claims = await trust.read_claims(scene.house, scene.folder)
    said = spelled(claims, "/trust")
    (row,) = said["claims"]
    assert set(row) >= CONTRACT
    assert (row["status"], row["value"], row["class"]) == ("PASS", "on", "probe")
    assert row["control_result"]["outcome"] == "FAIL"
    assert row["evidence"]["proof_url"] == f"/trust/log/proofs/{row['evidence']['leaf_index']}.tlog-proof"
    assert said["counts"] == {
        "PASS": 1,
        "FAIL": 0,
        "STALE": 0,
        "COULD_NOT_VERIFY": 0,
        "ATTESTED": 0,
        "NOT_APPLICABLE": 0,
    }
    assert said["log_vkey"].startswith("log.house.example/trust+")
    assert said["revision_sha256"] == trust.read_operator(scene.folder).digest


async def test_before_the_first_run_nothing_is_green(scene: Scene) -> None:
    claims = await trust.read_claims(scene.house, scene.folder)
    assert claims.counts["COULD_NOT_VERIFY"] == 113
    assert {each.reason for each in claims.listed} == {"check.never_run"}
