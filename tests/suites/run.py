"""Run every suite of a folder laid out like ``tests/vectors``: ``make vectors DIR=path``.

Prints ``suite passed/total`` a line and each failure with its reason. Ends with 1 on any failure, on a file that cannot
be read, on a suite that ran no case, and on a folder nobody runs that is not in the list of those not run.
"""

import asyncio
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from suites import arc, crypto, dkim, dmarc, injection, merkle, mime, psl, replyquote, smtp, spf
from suites.case import Case, ExplainedError, Suite

VECTORS = Path(__file__).parents[1] / "vectors"
NOT_RUN = VECTORS / "not-run.toml"
NO_SUITES = {"LICENSES"}
CASE_DEADLINE_S = 60.0

SUITES = (
    Suite("arc", arc.read),
    Suite("crypto", crypto.read),
    Suite("dkim", dkim.read),
    Suite("dmarc", dmarc.read),
    Suite("injection", injection.read),
    Suite("merkle", merkle.read),
    Suite("mime", mime.read),
    Suite("psl", psl.read),
    Suite("replyquote", replyquote.read),
    Suite("smtp", smtp.read),
    Suite("spf", spf.read),
)


def not_run() -> dict[str, str]:
    """Return the suites that are not run, with the reason for each."""
    listed: dict[str, str] = tomllib.loads(NOT_RUN.read_text(encoding="utf-8"))
    return listed


@dataclass(slots=True)
class Outcome:
    """What became of one suite.

    Attributes:
        troubles: each failure, and whatever could not be run.
        explained: how many cases end otherwise on purpose, by the row of docs/standards.md; these count as passed.
    """

    passed: int = 0
    total: int = 0
    troubles: list[str] = field(default_factory=list)
    explained: Counter[str] = field(default_factory=Counter)


async def _failure(case: Case, explained: Counter[str]) -> str:
    """Return why the case failed; empty where it passed."""
    try:
        async with asyncio.timeout(CASE_DEADLINE_S):
            await case.check()
    except ExplainedError as row:
        explained[str(row)] += 1
    except Exception as error:  # noqa: BLE001  # whatever a case raises is its failure, not the runner's
        return f"{type(error).__name__}: {error}"
    return ""


def _cases(suite: Suite, folder: Path, troubles: list[str]) -> Iterator[Case]:
    if not folder.is_dir():
        troubles.append("there is no such folder")
        return
    try:
        yield from suite.read(folder)
    except Exception as error:  # noqa: BLE001  # a file of unknown octets: whatever it raises, it cannot be read
        troubles.append(f"cannot be read: {type(error).__name__}: {error}")


def unreadable(folder: Path) -> list[str]:
    """Name the files of a folder that cannot be opened, whether or not a suite asks for them."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            continue
        try:
            path.open("rb").close()
        except OSError as error:
            found.append(f"{path.relative_to(folder)} cannot be read: {type(error).__name__}")
    return found


async def run(suite: Suite, folder: Path) -> Outcome:
    """Run one suite."""
    outcome = Outcome()
    for case in _cases(suite, folder, outcome.troubles):
        outcome.total += 1
        reason = await _failure(case, outcome.explained)
        outcome.passed += not reason
        if reason:
            outcome.troubles.append(f"{case.name}: {reason}")
    if not outcome.total:
        outcome.troubles.append("ran no case")
    outcome.troubles += unreadable(folder)
    return outcome


def unknown(folder: Path) -> list[str]:
    """Return the names of folders that neither a suite reads nor the list of those not run excuses."""
    known = {suite.name for suite in SUITES} | set(not_run()) | NO_SUITES
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in known)


def _tell(line: str, *reasons: str) -> None:
    sys.stdout.write("\n    ".join([line, *reasons]) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the suites of the folder named, and of those only the ones named after it."""
    folder = Path(arguments[0]) if arguments and arguments[0] else VECTORS
    if not folder.is_dir():
        _tell(f"{folder} is no folder")
        return 1
    names = {suite.name for suite in SUITES}
    wanted = set(arguments[1:]) or names
    has_failed = False
    explained: Counter[str] = Counter()
    for name in sorted(wanted - names):
        _tell(f"{name} 0/0", "there is no such suite")
        has_failed = True
    for suite in SUITES:
        if suite.name not in wanted:
            continue
        outcome = asyncio.run(run(suite, folder / suite.name))
        _tell(f"{suite.name} {outcome.passed}/{outcome.total}", *outcome.troubles)
        has_failed = has_failed or bool(outcome.troubles)
        explained += outcome.explained
    for name in unknown(folder):
        _tell(f"{name} 0/0", "nobody runs it, and the list of suites not run does not name it")
        has_failed = True
    if explained:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(explained.items()))
        _tell(f"passed though read otherwise, as docs/standards.md explains: {listed}")
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
