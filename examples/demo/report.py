"""What the demo shows: one row per scenario, on the terminal and in ``report.json``."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from scenarios import Scenario, Verdicts
from smtp import Answer

MARKS = {True: Text("ok", "green"), False: Text("WRONG", "bold red")}


@dataclass(slots=True)
class Result:
    """What came of one scenario; ``row`` is the house's audit row, None where the session refused."""

    scenario: Scenario
    answer: Answer
    row: dict[str, Any] | None
    complaints: list[str] = field(default_factory=list)

    @property
    def verdicts(self) -> Verdicts:
        """Return the row's verdicts, all None without a row."""
        row = self.row or {}
        return Verdicts(
            spf=row.get("verification_spf"),
            dkim=row.get("verification_dkim"),
            dmarc=row.get("verification_dmarc"),
            arc=row.get("verification_arc"),
            aligned=row.get("from_alignment"),
        )

    @property
    def outcome(self) -> str:
        """Return the gate's word, or that no gate was reached."""
        if self.row is not None:
            return str(self.row["outcome"])
        return "refused_in_session" if self.answer.code >= 400 else "accepted_without_a_row"

    @property
    def reason(self) -> str:
        """Return the row's reason; without a row the session's own answer."""
        return str(self.row["reason"]) if self.row is not None else str(self.answer)

    @property
    def leaf_index(self) -> int | None:
        """Return where the decision stands in the log."""
        return None if self.row is None else self.row["leaf_index"]

    def judge(self) -> None:
        """Compare with what had to come out; each difference becomes a complaint."""
        wanted = self.scenario
        pairs: Iterable[tuple[str, object, object]] = (
            ("SMTP answer", str(self.answer), wanted.answer),
            ("outcome", self.outcome, wanted.outcome),
            ("reason", self.reason, wanted.reason or wanted.answer),
            ("verdicts", self.verdicts, wanted.verdicts),
            ("has a log index", self.leaf_index is not None, wanted.is_decided),
        )
        self.complaints += [f"{what}: {got}, not {want}" for what, got, want in pairs if got != want]

    def as_json(self) -> dict[str, object]:
        """Return the entry of ``report.json``."""
        verdicts = self.verdicts
        return {
            "name": self.scenario.name,
            "verdicts": {
                "spf": verdicts.spf,
                "dkim": verdicts.dkim,
                "dmarc": verdicts.dmarc,
                "arc": verdicts.arc,
                "aligned": verdicts.aligned,
            },
            "outcome": self.outcome,
            "reason": self.reason,
            "leaf_index": self.leaf_index,
        }


def table(results: Iterable[Result]) -> Table:
    """Draw what has come out so far."""
    drawn = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("name", "spf", "dkim", "dmarc", "arc", "aligned", "outcome", "reason", "log index", ""):
        drawn.add_column(name, overflow="fold", justify="right" if name == "log index" else "left")
    for result in results:
        verdicts = result.verdicts
        words = (verdicts.spf, verdicts.dkim, verdicts.dmarc, verdicts.arc, verdicts.aligned)
        drawn.add_row(
            result.scenario.name,
            *("-" if word is None else str(word).lower() for word in words),
            result.outcome,
            result.reason,
            "-" if result.leaf_index is None else str(result.leaf_index),
            MARKS[not result.complaints],
        )
    return drawn


def write(results: Iterable[Result], folder: Path) -> None:
    """Write ``report.json`` for whoever checks after us."""
    text = json.dumps([result.as_json() for result in results], indent=2)
    (folder / "report.json").write_text(text + "\n")
