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
