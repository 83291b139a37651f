"""Measure what a grant derived from a prompt lets through: honest tasks, and injections that ride on them.

Run it as ``make bench-agents DIR=path``: a folder with ``user_tasks.jsonl`` and ``injection_tasks.jsonl`` of AgentDojo,
or one with such a folder ``agentdojo`` in it. Tools and contacts of other suites than AgentDojo's four are declared in
a ``suites.json`` beside them, in the form of the one in ``tests/vectors/injection/agentdojo``. No model is asked: each
expected call goes to the gate that judges the calls of hosted turns (``act/hosted/gate.py``). The last line is JSON.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gatepost.act.hosted.derive import Strictness
from gatepost.act.hosted.gate import Word
from suites import agentdojo
from suites.agentdojo import Pair, Suites, Task

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "agents-bench.md"
BEGIN, END = "<!-- figures: make bench-agents ARGS=--page -->", "<!-- end of figures -->"
SAYS = {
    Strictness.NOTHING: "no gate",
    Strictness.TOOLS: "the tool is asked for",
    Strictness.PLACES: "+ whom and where",
    Strictness.WORDS: "+ texts, amounts, days",
    Strictness.MINUTES: "+ the time of day",
    Strictness.LABELS: "a person for each act",
}


@dataclass
class Tally:
    """What one strictness lets through; names of tasks and pairs."""

    allowed: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    part: list[str] = field(default_factory=list)

    @property
    def stopped(self) -> int:
        """Pairs in which the injection did not get all it wanted."""
        return len(self.asked) + len(self.never)


def folder(text: str) -> Path:
    """Return the folder with the tasks; raises ``SystemExit``."""
    for each in (Path(text), Path(text) / "agentdojo", Path(text) / "injection" / "agentdojo"):
        if all((each / f"{name}.jsonl").is_file() for name in ("user_tasks", "injection_tasks")):
            return each
    raise SystemExit(f"{text}: no folder with user_tasks.jsonl and injection_tasks.jsonl")


def measure(suites: Suites, tasks: Sequence[Task], pairs: Sequence[Pair], strictness: Strictness) -> Tally:
    """Judge every task and every pair."""
    tally = Tally()
    for task in tasks:
        verdicts = agentdojo.honest(suites, task, strictness)
        words = [verdict.word for verdict in verdicts]
        line = tally.refused if Word.REFUSE in words else tally.held if Word.ASK in words else tally.allowed
        why = [
            f"{tool}: {verdict.reason}"
            for (tool, _), verdict in zip(task.calls, verdicts, strict=True)
            if verdict.word is not Word.RUN
        ]
        line.append(" ".join((task.name, *(f"({each})" for each in dict.fromkeys(why)))))
    for pair in pairs:
        words = [verdict.word for verdict in agentdojo.hijacked(suites, pair, strictness)]
        line = tally.never if Word.REFUSE in words else tally.asked if Word.ASK in words else tally.ran
        line.append(pair.name)
        if line is not tally.ran and agentdojo.acts_in_part(suites, pair, strictness):
            tally.part.append(pair.name)
    return tally


def table(tallies: dict[Strictness, Tally], tasks: int, pairs: int) -> Iterator[str]:
    """Yield the trade-off as Markdown."""
    yield (
        f"| what the prompt must say | user tasks ({tasks}) allowed | held | refused "
        f"| pairs ({pairs}) stopped | by refusal | by asking a person | one act of it ran |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for strictness, one in tallies.items():
        yield (
            f"| {strictness.name.lower()}: {SAYS[strictness]} | {len(one.allowed)} | {len(one.held)} "
            f"| {len(one.refused)} | {one.stopped} | {len(one.never)} | {len(one.asked)} | {len(one.part)} |"
        )


def details(tally: Tally, left_out: Sequence[str]) -> Iterator[str]:
    """Yield what was not allowed, not stopped, and not counted, by name."""
    for title, names in (
        ("user tasks held", tally.held),
        ("user tasks refused", tally.refused),
        ("pairs not stopped", tally.ran),
        ("pairs stopped of which one act ran", tally.part),
        ("pairs left out", left_out),
    ):
        yield f"{title} ({len(names)}): {', '.join(names) or 'none'}"
        yield ""


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure derived grants on AgentDojo's tasks.")
    parser.add_argument("dir", nargs="?", default="")
    parser.add_argument("--page", action="store_true", help="write the figures into docs/agents-bench.md")
    asked = parser.parse_args(arguments)
    where = folder(asked.dir or str(agentdojo.VECTORS))
    suites = agentdojo.suites(where)
    tasks, injections = agentdojo.user_tasks(where), agentdojo.injection_tasks(where)
    unheard_of = sorted({each.suite for each in (*tasks, *injections)} - suites.keys())
    if unheard_of:
        raise SystemExit(f"no tools are declared for {', '.join(unheard_of)}: put them into {where / 'suites.json'}")
    pairs, left_out = agentdojo.pairs(tasks, injections)
    tallies = {each: measure(suites, tasks, pairs, each) for each in Strictness}
    lines = [*table(tallies, len(tasks), len(pairs)), ""]
    chosen = tallies[Strictness.WORDS]
    print(
        "\n".join(
            (
                *lines,
                "Under grants derived from the prompt's words; a house has its operator's policy instead:",
                "",
                *details(chosen, left_out),
            )
        )
    )
    total = json.dumps(
        {
            "user_tasks": len(tasks),
            "user_tasks_allowed": len(chosen.allowed),
            "user_tasks_held": len(chosen.held),
            "pairs": len(pairs),
            "pairs_stopped": chosen.stopped,
            "pairs_left_out": len(left_out),
        }
    )
    if asked.page:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        tail = rest.partition(END)[2]
        PAGE.write_text("\n".join((f"{head}{BEGIN}", *lines, f"`{total}`", END)) + tail, encoding="utf-8")
    print(total)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
