import json
import subprocess
import sys

import pytest

from gatepost.app import structured, worker
from gatepost.cli import house

LOOK = "import json, sys, {}; print(json.dumps(sorted(sys.modules)))"


def imported(code: str) -> set[str]:
    """Return what a process of its own has imported at the end of this."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("begins", [house.__name__, worker.__name__])
def test_no_process_that_takes_mail_holds_what_draws(begins: str) -> None:
    assert not imported(LOOK.format(begins)) & {"rich", "pygments"}


def test_what_draws_can_be_imported_afterwards() -> None:
    assert "rich.table" in imported(LOOK.format(f"{structured.__name__}, rich.table"))
