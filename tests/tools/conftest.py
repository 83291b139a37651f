from pathlib import Path

import pytest

from tools.test_verify_log import write_log


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that verifies; nobody changes it, who would copies it."""
    folder = tmp_path_factory.mktemp("sound")
    write_log(folder)
    return folder
