"""The runbooks speak of everything a house can say: findings, words of readiness, metrics, settings that change."""

import re
from pathlib import Path

from gatepost.app.board import FAMILIES
from gatepost.app.ready import Wrong
from gatepost.app.reload import LIVE

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
DOCTOR = ROOT / "src" / "gatepost" / "app" / "doctor"
DOORS = ("smtp", "http", "metrics")
DNS = ("mx", "spf", "dkim", "dmarc")


NAMED = re.compile(
    r'(?:ok\(|warning\(|failure\(|check = |check, where = |check, word = )\s*f?"([a-z]+|\{\w+\})\.([a-z]+|\{[\w()]+\})"'
)


def findings() -> set[str]:
    """Return every check the doctor's sources name, with the doors and records filled in."""
    found: set[str] = set()
    for path in DOCTOR.glob("*.py"):
        for subject, fact in NAMED.findall(path.read_text()):
            subjects = DOORS if "{" in subject else (subject,)
            facts = DNS if "{" in fact else (fact,)
            found |= {f"{one}.{other}" for one in subjects for other in facts}
    return found - {"metrics.certificate"}


def test_every_finding_of_the_doctor_is_explained() -> None:
    explained = set(re.findall(r"`([a-z]+\.[a-z]+)`", (RUNBOOKS / "doctor.md").read_text()))
    assert len(findings()) > 25
    assert findings() - explained == set()


def test_every_word_of_readiness_is_explained() -> None:
    page = (RUNBOOKS / "watching.md").read_text()
    assert [word for word in Wrong if f"`{word}`" not in page] == []


def test_every_metric_is_explained() -> None:
    page = (RUNBOOKS / "watching.md").read_text()
    named = set(re.findall(r"gatepost_[a-z_]+", page))
    sources = [(ROOT / "src/gatepost/app" / name).read_text() for name in ("collect.py", "chores.py")]
    gauges = set(re.findall(r'"(gatepost_[a-z_]+)"', "".join(sources)))
    assert (gauges | {family.name for family in FAMILIES}) - named == set()


def test_every_setting_that_changes_while_running_is_named() -> None:
    page = (RUNBOOKS / "reload.md").read_text()
    assert [name for name in LIVE if f"`{name}`" not in page] == []


def test_every_runbook_is_reached_from_one_page() -> None:
    page = (ROOT / "docs" / "running.md").read_text()
    assert [path.name for path in RUNBOOKS.glob("*.md") if f"runbooks/{path.name}" not in page] == []
