import subprocess
import sys

from gatepost.app.doctor import engine
from gatepost.app.doctor.finding import Level

WITHOUT = (
    "import sys; sys.modules['hyperscan'] = None; from gatepost.app.doctor import engine; print(engine.look().said)"
)


def test_it_says_which_engine_runs() -> None:
    assert engine.look().level is Level.OK
    assert engine.look().said.startswith(("Hyperscan looks", "RE2 looks"))


def test_where_there_is_no_hyperscan_it_says_so() -> None:
    done = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("RE2 looks for patterns")


def test_cores_that_lie_idle_are_a_hint_and_nothing_wrong() -> None:
    for workers, cores in ((1, 1), (2, 4)):
        assert engine.look_at_cores(workers, cores).next_step == ""
    found = engine.look_at_cores(1, 4)
    assert (found.level, "4 cores" in found.said, "smtp.workers" in found.next_step) == (Level.OK, True, True)
    assert engine.cores() >= 1
