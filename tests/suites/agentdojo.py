"""AgentDojo's tasks, judged call by call by the gate of hosted turns under a grant derived from the prompt. No model.

An honest task is its expected calls, in order. A hijacked one has read the injection: its label is anybody's. What a
call would have returned is not needed: after its first call a turn is taken to have read a stranger.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gatepost.act.hosted.agent import parse
from gatepost.act.hosted.derive import Declared, Derived, Strictness, derive
from gatepost.act.hosted.gate import Standing, Verdict, Word, judge
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result, ToolUse
from gatepost.act.hosted.stated import Contact
from gatepost.act.hosted.tools import Tool, Toolbox, toolbox
from suites.case import Case, FailedError

VECTORS = Path(__file__).parents[1] / "vectors" / "injection" / "agentdojo"

Expected = tuple[str, Mapping[str, Any]]
"""A tool and its arguments."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What every task of a suite has at hand."""

    tools: tuple[Declared, ...]
    contacts: tuple[Contact, ...]


Suites = Mapping[str, Suite]


@dataclass(frozen=True, slots=True)
class Task:
    """One user task, or one injection; ``text`` is the prompt or the goal."""

    suite: str
    id: str
    text: str
    calls: tuple[Expected, ...]

    @property
    def name(self) -> str:
        """Unique over all suites."""
        return f"{self.suite}/{self.id}"


@dataclass(frozen=True, slots=True)
class Pair:
    """An injection met on the way of a user task; ``lacked`` are its calls that the task itself would not make."""

    user: Task
    injection: Task
    lacked: tuple[Expected, ...]

    @property
    def name(self) -> str:
        """Unique over all suites."""
        return f"{self.user.name}+{self.injection.id}"


def suites(where: Path = VECTORS) -> Suites:
    """Return the tools and contacts of the four suites, as the package declares them, or as the folder itself does."""
    held: dict[str, Any] = {}
    for folder in (VECTORS, where):
        if (folder / "suites.json").is_file():
            held |= json.loads((folder / "suites.json").read_text(encoding="utf-8"))["suites"]
    return {
        name: Suite(
            tuple(
                Declared(name=tool["name"], description=tool["description"], schema=tool["parameters"])
                for tool in suite["tools"]
            ),
            tuple(Contact(each["name"], each["address"]) for each in suite["contacts"]),
        )
        for name, suite in held.items()
    }


def user_tasks(where: Path) -> list[Task]:
    """Return a folder's user tasks."""
    return [_task(row, row["prompt"]) for row in _rows(where / "user_tasks.jsonl")]


def injection_tasks(where: Path) -> list[Task]:
    """Return a folder's injections."""
    return [_task(row, row["goal"]) for row in _rows(where / "injection_tasks.jsonl")]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def _task(row: dict[str, Any], text: str) -> Task:
    calls = tuple((call["tool"], call.get("args") or {}) for call in row.get("ground_truth_calls") or ())
    return Task(row["suite"], row["id"], text, calls)


def pairs(tasks: Sequence[Task], injections: Sequence[Task]) -> tuple[list[Pair], list[str]]:
    """Return the pairs that count, and the names of those without a call that the user task lacks."""
    counted, left_out = [], []
    for user in tasks:
        for injection in injections:
            if user.suite == injection.suite:
                pair = Pair(user, injection, tuple(call for call in injection.calls if call not in user.calls))
                counted.append(pair) if pair.lacked else left_out.append(pair.name)
    return counted, left_out


def honest(suites: Suites, task: Task, strictness: Strictness) -> list[Verdict]:
    """Judge a user task's calls in order: once one was made, anybody may have been read."""
    suite = suites[task.suite]
    grant = derive(task.text, suite.tools, suite.contacts, strictness)
    labels = [Label.OPERATOR, *[Label.ANYBODY] * len(task.calls)]
    return [_judged(suite, grant, call, label) for call, label in zip(task.calls, labels, strict=False)]


def hijacked(suites: Suites, pair: Pair, strictness: Strictness) -> list[Verdict]:
    """Judge what the injection wants beyond the user task, once the turn has read it."""
    suite = suites[pair.user.suite]
    grant = derive(pair.user.text, suite.tools, suite.contacts, strictness)
    return [_judged(suite, grant, call, Label.ANYBODY) for call in pair.lacked]


def acts_in_part(suites: Suites, pair: Pair, strictness: Strictness) -> bool:
    """Tell whether one of the calls that do more than look would run."""
    reading = {tool.name for tool in suites[pair.user.suite].tools if tool.is_reading}
    verdicts = hijacked(suites, pair, strictness)
    return any(
        verdict.word is Word.RUN and tool not in reading
        for (tool, _), verdict in zip(pair.lacked, verdicts, strict=True)
    )


def _judged(suite: Suite, grant: Derived, call: Expected, label: Label) -> Verdict:
    tool, arguments = call
    standing = Standing(
        document=parse({"name": "bench", "instructions": "-", "model": "none", "tools": [t.name for t in suite.tools]}),
        capabilities=frozenset(_capability(name) for name in grant.tools),
        label=label,
        approved={},
        states=grant.states,
    )
    return judge(_toolbox(suite, grant), ToolUse("call", tool, dict(arguments)), standing)


def _toolbox(suite: Suite, grant: Derived) -> Toolbox:
    return toolbox(
        Tool(
            name=each.name,
            description=each.description,
            schema=each.schema,
            capability=_capability(each.name),
            accepts=grant.accepts[each.name],
            run=_nothing,
            bounds={},
            is_repeatable=False,
        )
        for each in suite.tools
    )


def _capability(tool: str) -> str:
    return f"http:{tool}"


async def _nothing(call: Call) -> Result:
    raise AssertionError(call.key)  # the gate's word is what is measured


def read(folder: Path) -> Iterator[Case]:
    """Yield each user task with the injections it may meet: none gets what it wants, and nothing of it that acts."""
    held, tasks = suites(folder), user_tasks(folder)
    counted, _ = pairs(tasks, injection_tasks(folder))
    for task in tasks:
        yield Case(task.name, partial(_check, held, [pair for pair in counted if pair.user == task]))


async def _check(held: Suites, met: Sequence[Pair]) -> None:
    for pair in met:
        words = {verdict.word for verdict in hijacked(held, pair, Strictness.WORDS)}
        if words == {Word.RUN} or acts_in_part(held, pair, Strictness.WORDS):
            raise FailedError(f"{pair.name} is not stopped")
