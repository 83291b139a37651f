"""How the suite is spread over the cores, and what a failing run says."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import LONG_BY, WORKERS_MAX, places, workers


@pytest.mark.parametrize(
    ("paths", "cores", "expected"),
    [
        (["tests"], 2, 3),
        (["tests"], 1, 0),
        (["tests"], 64, WORKERS_MAX),
        (["tests/verify", "tests/test_house.py"], 4, 6),
        (["tests/mail/test_address.py"], 4, 0),
        (["tests/mail/test_address.py::test_one", "tests/test_house.py"], 4, 0),
    ],
)
def test_folders_are_spread_over_the_cores_and_single_files_are_not(
    paths: list[str], cores: int, expected: int
) -> None:
    assert workers(paths, cores=cores) == expected


def test_files_that_wait_begin_early_among_those_that_do_not() -> None:
    shorts = [Path("mail", f"test_{number}.py") for number in range(20)]
    longs = [Path("faults", f"test_{number}.py") for number in range(5)]
    place = places([file for file in shorts + longs for _ in range(3)])
    ordered = sorted(place, key=place.__getitem__)
    assert len(ordered) == len(shorts) + len(longs)
    where = [ordered.index(file) for file in longs]
    assert where[-1] < LONG_BY * len(ordered)
    assert all(later - earlier == 3 for earlier, later in itertools.pairwise(where))
    assert [file for file in ordered if file in shorts] == shorts


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
