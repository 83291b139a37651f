"""Reads what ``strace`` wrote about a house, and says which ``250`` left before its mail was on disk."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CALLS = "write,writev,sendto,sendmsg,fsync,fdatasync,pwrite64,pwritev,rename"
_LINE = re.compile(r"(?P<pid>\d+)\s+(?P<at>\d+\.\d+) (?P<call>\w+)\((?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+)\s+(?P<at>\d+\.\d+) <\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)")
_END = re.compile(r"\)\s+= (?P<result>-?\d+).*<(?P<lasted>\d+\.\d+)>$")
_ANSWER = re.compile(r"250 2\.0\.0 Accepted as (em_\w+)")
_SOCKET = re.compile(r"\d+<UNIX-STREAM:\[(\d+)->(\d+)")
_FILE = re.compile(r"\d+<(/[^>]*)>")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call from its beginning to its end; times in seconds."""

    pid: int
    name: str
    arguments: str
    began: float
    ended: float
    result: int

    @property
    def file(self) -> str:
        """The path of the file it is about."""
        found = _FILE.match(self.arguments)
        return found[1] if found else ""

    @property
    def pair(self) -> frozenset[str]:
        """Both ends of the local connection it is about."""
        found = _SOCKET.match(self.arguments)
        return frozenset(found.groups()) if found else frozenset()


def read(text: str) -> list[Call]:
    """Return every call that came to an end, in the order they began."""
    return sorted(_calls(text), key=lambda call: call.began)


def _calls(text: str) -> Iterator[Call]:
    open_calls: dict[str, tuple[float, str]] = {}
    for line in text.splitlines():
        if begun := _LINE.match(line):
            at, rest = float(begun["at"]), begun["rest"]
            if rest.endswith("<unfinished ...>"):
                open_calls[begun["pid"]] = (at, rest.removesuffix("<unfinished ...>").rstrip())
                continue
        elif (begun := _RESUMED.match(line)) and begun["pid"] in open_calls:
            at, arguments = open_calls.pop(begun["pid"])
            rest = arguments + begun["rest"]
        else:
            continue
        if end := _END.search(rest):
            result, lasted = int(end["result"]), float(end["lasted"])
            yield Call(int(begun["pid"]), begun["call"], rest[: end.start()], at, at + lasted, result)


def unflushed(calls: list[Call], *, large: int) -> list[str]:
    """Return what is wrong, one line for each finding; ``large`` answers must be about bodies in the object store."""
    findings: list[str] = []
    stored = 0
    answers = [(found[1], call) for call in calls if (found := _answer(call))]
    for email, answer in answers:
        before = [call for call in calls if call.ended <= answer.began]
        if not _commit_was_flushed(email, before):
            findings.append(f"{email}: 250 left before the write-ahead log was flushed")
        renames = [call for call in before if call.name == "rename" and call.arguments.endswith(f'/{email}"')]
        stored += len(renames)
        findings += [f"{email}: 250 left before {what}" for rename in renames for what in _missing(rename, before)]
    if stored != large:
        findings.append(f"{stored} bodies are in the object store, not {large}")
    return findings


def answered(calls: list[Call]) -> int:
    """How many mails were accepted."""
    return sum(_answer(call) is not None for call in calls)


def _answer(call: Call) -> re.Match[str] | None:
    """Return the acceptance this call sends to a client, if it does."""
    return _ANSWER.search(call.arguments) if "<TCP" in call.arguments[:40] else None


def _commit_was_flushed(email: str, before: list[Call]) -> bool:
    """Tell whether PostgreSQL flushed its log between hearing of the email and confirming a commit of who told it.

    Others may speak of the email before the answer leaves: the indexer reads what was committed a moment ago.
    """
    sends = [call for call in before if call.name in {"sendto", "sendmsg"} and call.pair]
    flushes = [
        call for call in before if call.name in {"fsync", "fdatasync"} and "/pg_wal/" in call.file and call.result == 0
    ]
    told = [call for call in sends if email in call.arguments and "COMMIT" not in call.arguments]
    return any(_was_flushed(one, sends, flushes) for one in told)


def _was_flushed(told: Call, sends: list[Call], flushes: list[Call]) -> bool:
    confirmed = [
        call for call in sends if call.pair == told.pair and call.began > told.began and "COMMIT" in call.arguments
    ]
    return bool(confirmed) and any(told.began < call.began and call.ended <= confirmed[0].ended for call in flushes)


def _missing(rename: Call, before: list[Call]) -> Iterator[str]:
    """Yield what was not flushed of a body: the file after its last octet, the folder after its name."""
    draft, final = re.findall(r'"([^"]*)"', rename.arguments)
    about = [call for call in before if call.file == draft and call.ended <= rename.began]
    if not about or about[-1].name != "fsync" or about[-1].result != 0:
        yield "the body was flushed"
    folder = final.rpartition("/")[0]
    if not any(c.name == "fsync" and c.file == folder and c.result == 0 and c.began >= rename.ended for c in before):
        yield "its folder was flushed"
