"""Run every suite of a folder laid out like ``tests/vectors``: ``make vectors DIR=path``.

Prints ``suite passed/total`` a line and each failure with its reason. Ends with 1 on any failure, on a file that cannot
be read, on a suite that ran no case, and on a folder nobody runs that is not in the list of those not run.
"""

import asyncio
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from suites import arc, crypto, dkim, dmarc, injection, merkle, mime, psl, replyquote, smtp, spf
from suites.case import Case, Suite

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


async def _outcome(case: Case) -> str:
    """Return why the case failed; empty where it passed."""
    try:
        async with asyncio.timeout(CASE_DEADLINE_S):
            await case.check()
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


async def run(suite: Suite, folder: Path) -> tuple[int, int, list[str]]:
    """Run one suite; return passed, total, and what went wrong."""
    troubles: list[str] = []
    passed = total = 0
    for case in _cases(suite, folder, troubles):
        total += 1
        reason = await _outcome(case)
        passed += not reason
        if reason:
            troubles.append(f"{case.name}: {reason}")
    if not total:
        troubles.append("ran no case")
    troubles += unreadable(folder)
    return passed, total, troubles


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
    for name in sorted(wanted - names):
        _tell(f"{name} 0/0", "there is no such suite")
        has_failed = True
    for suite in SUITES:
        if suite.name not in wanted:
            continue
        passed, total, troubles = asyncio.run(run(suite, folder / suite.name))
        _tell(f"{suite.name} {passed}/{total}", *troubles)
        has_failed = has_failed or bool(troubles)
    for name in unknown(folder):
        _tell(f"{name} 0/0", "nobody runs it, and the list of suites not run does not name it")
        has_failed = True
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
