import json
import tempfile
from pathlib import Path

from cli.process import Process
from trust.scene import EXAMPLE, claiming_only, copied


def test_the_example_passes_the_linter(tmp_path: Path) -> None:
    done = Process(tmp_path).run("trust", "lint", "--operator", str(EXAMPLE))
    assert done.returncode == 0, done.stdout
    assert "113 claims and 14 texts" in done.stdout


def test_vague_words_and_broken_registers_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    claims = (folder / "claims.toml").read_text()
    (folder / "claims.toml").write_text(
        claims.replace("Each policy was", "We take security seriously: each policy was")
    )
    done = Process(tmp_path).run("trust", "lint", "--operator", str(folder))
    assert done.returncode == 1
    assert "claim A62" in done.stdout
    (folder / "claims.toml").write_text(claims.replace('id = "A1"', "id = 1"))
    done = Process(tmp_path).run("trust", "lint", "--operator", str(folder))
    assert done.returncode == 1
    assert "id must be a text" in done.stdout


def test_without_a_folder_it_says_what_to_name(tmp_path: Path) -> None:
    done = Process(tmp_path).run("trust", "show")
    assert done.returncode != 0
    assert "trust.operator" in done.stderr
    assert "tls.floor" in Process(tmp_path).run("trust", "lint", "--checks").stdout


def test_a_house_that_is_up_is_looked_at_and_shown(tmp_path: Path) -> None:
    """It looks itself: no settings and no folder of the command's turn what stands on its public page."""
    own, others = claiming_only(tmp_path / "own", "A28", "G1", "B30"), claiming_only(tmp_path / "others", "A28")
    wide = tmp_path / "wide.toml"
    wide.write_text('[[egress.destinations]]\npurpose = "webhook"\nto = "*:443"\nregion = "GB"\nmechanism = "none"\n')
    with tempfile.TemporaryDirectory(
        prefix="gatepost-trust-", dir="/tmp"
    ) as folder:  # PostgreSQL's account must reach it
        Path(folder).chmod(0o711)
        house = Process(Path(folder), GATEPOST_TRUST__OPERATOR=str(own))
        house.start()
        try:
            well = {"A28": ("PASS", ""), "G1": ("PASS", ""), "B30": ("ATTESTED", "")}
            for more in (("--config", str(wide)), ("--operator", str(own))):
                assert seen(house, 0, *more) == well
            assert seen(house, 1, "--operator", str(others), "--config", str(wide)) == {"A28": ("FAIL", "egress.open")}
            shown = house.run("trust", "show", "A28", "--json")
            assert {(row["outcome"], row["control_result"]) for row in json.loads(shown.stdout)} == {("PASS", "FAIL")}
            assert json.loads(house.run("log", "search", "-t", "trust", "--action", "claim.checked", "--json").stdout)
            assert "sound" in house.run("log", "verify", "--tenant", "trust").stdout
        finally:
            house.stop()


def seen(house: Process, code: int, *more: str) -> dict[str, tuple[str, str]]:
    done = house.run("trust", "run", "--json", *more)
    assert done.returncode == code, done.stderr
    return {row["id"]: (row["status"], row["reason"]) for row in json.loads(done.stdout)["claims"]}
