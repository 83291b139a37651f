"""How the suite is spread over the cores, and what a failing run says."""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import WORKERS_MAX, workers


@pytest.mark.parametrize(
    ("paths", "cores", "expected"),
    [
        (["tests"], 2, 2),
        (["tests"], 1, 0),
        (["tests"], 64, WORKERS_MAX),
        (["tests/verify", "tests/test_house.py"], 4, 4),
        (["tests/mail/test_address.py"], 4, 0),
        (["tests/mail/test_address.py::test_one", "tests/test_house.py"], 4, 0),
    ],
)
def test_folders_are_spread_over_the_cores_and_single_files_are_not(
    paths: list[str], cores: int, expected: int
) -> None:
    assert workers(paths, cores=cores) == expected


def test_a_run_that_fails_names_its_order(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_that_fails():\n    assert False\n")
    options = ["-q", "-p", "conftest", "-p", "no:cacheprovider", "--randomly-seed=17", "--rootdir", str(tmp_path)]
    done = subprocess.run(  # noqa: S603  # pytest itself
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        env={"PYTHONPATH": str(Path(__file__).parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "\nthe order was that of --randomly-seed=17\n" in done.stdout, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("1 failed in ")
