import json
from pathlib import Path

from cli.process import Process
from trust.scene import EXAMPLE, claiming_only, copied


def test_the_example_passes_the_linter(tmp_path: Path) -> None:
    done = Process(tmp_path).run("trust", "lint", "--operator", str(EXAMPLE))
    assert done.returncode == 0, done.stdout
    assert "112 claims and 14 texts" in done.stdout


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


def test_a_house_that_is_up_is_looked_at_and_shown(house: Process, tmp_path: Path) -> None:
    folder = claiming_only(tmp_path, "A28", "G1", "B30")
    wide = tmp_path / "wide.toml"
    wide.write_text('[[egress.destinations]]\npurpose = "webhook"\nto = "*:443"\nregion = "GB"\nmechanism = "none"\n')
    for more, code, a28 in (
        (("--config", str(wide)), 1, ("FAIL", "egress.open")),
        ((), 0, ("PASS", "")),
    ):
        done = house.run("trust", "run", "--operator", str(folder), "--json", *more)
        rows = {row["id"]: (row["status"], row["reason"]) for row in json.loads(done.stdout)["claims"]}
        assert rows == {"A28": a28, "G1": ("PASS", ""), "B30": ("ATTESTED", "")}
        assert done.returncode == code
    shown = house.run("trust", "show", "A28", "--json")
    assert json.loads(shown.stdout)[0]["control_result"] == "FAIL"
    assert json.loads(house.run("log", "search", "-t", "trust", "--action", "claim.checked", "--json").stdout)
    assert "sound" in house.run("log", "verify", "--tenant", "trust").stdout
