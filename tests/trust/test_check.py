import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gatepost.trust.check import version_of

CHECKS, PROBE = "gatepost.trust.checks.lantern_", "gatepost.trust.probe.lantern_"


def loaded(folder: Path, name: str, source: str) -> ModuleType:
    """Load a module under a name, as if the program had it."""
    path = folder / f"{name.rpartition('.')[2]}-{name.split('.')[2]}.py"
    path.write_text(source)
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102  # what an import does
    return module


@pytest.fixture
def names() -> Iterator[tuple[str, str]]:
    yield CHECKS, PROBE
    for each in (CHECKS, PROBE):
        sys.modules.pop(each, None)


def test_a_changed_probe_is_a_changed_check(tmp_path: Path, names: tuple[str, str]) -> None:
    judging, probing = names
    probe = loaded(tmp_path, probing, "def look(): return 1\n")
    made = loaded(tmp_path, judging, f"from {probing} import look\nasync def judge(target): return look()\n")
    before = version_of(made.judge)
    version_of.cache_clear()
    assert version_of(made.judge) == before
    Path(str(probe.__file__)).write_text("def look(): return 2\n")
    version_of.cache_clear()
    assert version_of(made.judge) != before


def test_what_finds_the_target_is_part_of_it(tmp_path: Path, names: tuple[str, str]) -> None:
    judging, finding = names
    made = loaded(tmp_path, judging, "async def judge(target): return target\n")
    found = loaded(tmp_path, finding, "async def find(world, arguments): return 1\n")
    assert version_of(made.judge, found.find) not in {version_of(made.judge), version_of(found.find)}
