"""The machine: modes of secret files, secrets where none belong, encrypted volumes, who holds rights."""

import asyncio
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from gatepost.blobs import folder_of, mounts
from gatepost.keys import FILE as KEY_STORE
from gatepost.settings import Settings
from gatepost.trust import git
from gatepost.trust.paper import CannotVerifyError, Finding, attested, failed, passed, unverified
from gatepost.trust.registers import Exclusion
from gatepost.trust.world import World

FILES_MAX = 20_000
OF_THE_LOG = ("tile", "rows")
"""Folders of a log on the second store that hold its entries (``record.files``)."""
FILE_MAX_OCTETS = 2_000_000
LINES_MAX = 500_000
_PUBLIC = re.compile(rb"\s*(?:-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----|ssh-|ecdsa-)")
_PASSWORD = re.compile(
    rb"(?i)://[^/\s:@\"']{1,200}:[^/\s@]{1,200}@"  # in a URL
    rb"|\bpassw(?:or)?d[\"']?\s{0,9}[=:]\s{0,9}[\"']?[^\s\"'#]"  # in a connection string, a TOML or an INI file
    rb"|aws_secret_access_key"
    rb"|^[^\s:#]{1,200}(?::[^\s:]{1,200}){4}$"  # .pgpass
)
_SECRET = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"  # PEM
    rb"|\bAKIA[0-9A-Z]{16}\b"  # AWS access key id
    rb"|\bgh[pousr]_[A-Za-z0-9]{36}\b"  # GitHub token
    rb"|\bxox[abprs]-[A-Za-z0-9-]{20,}"  # Slack token
    rb"|\bgp_[a-z]+_[A-Za-z0-9_-]{32,}\b"  # a key of this house
    rb"|\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b"
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Files that hold secrets, and whose they must be; ``kinds``: how many of which kind."""

    paths: tuple[Path, ...]
    owner: int
    kinds: Mapping[str, int] = field(default_factory=dict)


async def house_secrets(world: World, _arguments: Mapping[str, str]) -> Secrets:
    """Return every file that holds a secret: in the state folder by what it says, configured ones, credentials."""
    settings = world.settings
    state = settings.state.resolve()
    second = folder_of(settings.log.second) if settings.log.second else state / "second"
    found = await asyncio.to_thread(_in_state, state, second and second.resolve())
    named = [Path(name) for name in (settings.smtp.certificate_key, settings.http.certificate_key) if name]
    found["certificate keys"] = [path for path in named if path.is_file()]
    found["credentials"] = [path for path in world.credentials if path.is_file() and _holds_secret(path)]
    paths = [path for each in found.values() for path in each]
    kinds = {kind: len(each) for kind, each in found.items() if each}
    return Secrets(tuple(dict.fromkeys(paths)), os.geteuid(), kinds)


def _in_state(state: Path, second: Path | None) -> dict[str, list[Path]]:
    """Return what is secret in the state folder: its notes, its keys at any depth, and whatever holds a secret.

    PostgreSQL's own folder is its account's; blobs are sealed. Of the logs' second store, tiles hold what is published,
    and rows are sealed: they grow with the log, and a look must not. The key store and its two companions are not
    opened: whoever closes such a file in the process that uses it drops the locks that SQLite holds on it (fcntl(2)),
    and others then take its log away.
    """
    keys = state / "keys"
    found: dict[str, list[Path]] = {"keys": [keys] if keys.is_dir() else [], "notes": [], "others": []}
    for folder, folders, names in os.walk(state):
        here = Path(folder)
        if here == state:
            folders[:] = [each for each in folders if not each.startswith(("postgres-", "blobs"))]
        elif second is not None and here.parent == second / "log":
            folders[:] = [each for each in folders if each not in OF_THE_LOG]
        is_key = here == keys or keys in here.parents
        for name in sorted(names):
            path = here / name
            if is_key and (path.name.startswith(KEY_STORE) or not _is_public(path)):
                found["keys"].append(path)
            elif here == state and path.suffix == ".json":
                found["notes"].append(path)
            elif not is_key and _holds_secret(path):
                found["others"].append(path)
            if sum(map(len, found.values())) > FILES_MAX:
                raise CannotVerifyError("secret.too_many")
    return found


def _is_public(path: Path) -> bool:
    """Tell whether a file says that it is a certificate or a public key, and holds nothing else."""
    head = _head(path)
    return _PUBLIC.match(head) is not None and _SECRET.search(head) is None


def _holds_secret(path: Path) -> bool:
    """Tell whether a file holds a key or a password; one that cannot be read is taken for one."""
    try:
        head = _head(path)
    except PermissionError:
        return True
    return bool(_SECRET.search(head) or _PASSWORD.search(head))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(FILE_MAX_OCTETS)
    except PermissionError:
        raise
    except OSError:
        return b""


async def modes(target: Secrets) -> Finding:
    """See that nobody but the owner may read or write any of them, and that there are some.

    An access list that lets somebody in shows in the mode too: its mask stands where the group's bits are (acl(5)).
    """
    if not target.paths:
        raise CannotVerifyError("secret.none")
    for path in target.paths:
        try:
            facts = path.stat()
        except FileNotFoundError:  # it was there a moment ago
            continue
        if stat.S_IMODE(facts.st_mode) & 0o077:
            return failed("secret.mode", {path.name: f"{stat.S_IMODE(facts.st_mode):04o}"})
        if facts.st_uid not in {target.owner, 0}:
            return failed("secret.owner", path.name)
    return passed({"files": len(target.paths), **target.kinds})


@dataclass(frozen=True, slots=True)
class Source:
    """Folders without secrets, one whose history is read too, and what only looks like a secret."""

    folders: tuple[Path, ...]
    history: Path
    exclusions: tuple[Exclusion, ...]


async def house_source(world: World, _arguments: Mapping[str, str]) -> Source:
    """Return the running program's source, and the operator's folder with its history in git."""
    folder = world.operator.folder
    return Source((world.source, folder), folder, world.operator.exclusions)


async def planted(target: Source) -> Finding:
    """Look for keys in every file, and in every line that a commit ever added: without a history nobody can tell."""
    excluded = {each.file for each in target.exclusions}
    count = 0
    for folder in target.folders:
        found, seen = await asyncio.to_thread(_search, folder, excluded)
        if found:
            return failed("secret.in_source")  # that there is one, and not where: the log is public
        count += seen
    if why := await git.untold(target.history):
        return unverified(why, {"files": count})
    commit, lines = await _search_history(target.history, excluded)
    return failed("secret.in_history") if commit else passed({"files": count, "history_lines": lines})


def _search(folder: Path, excluded: Iterable[str]) -> tuple[str, int]:
    count = 0
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        count += 1
        if name not in excluded and _SECRET.search(path.read_bytes()):
            return name, count
    return "", count


def _files(folder: Path) -> Iterator[Path]:
    for at, path in enumerate(sorted(folder.rglob("*"))):
        if at == FILES_MAX:
            raise CannotVerifyError("source.too_many")
        if path.is_file() and not path.is_symlink() and path.suffix != ".pyc" and "__pycache__" not in path.parts:
            if path.stat().st_size > FILE_MAX_OCTETS:
                raise CannotVerifyError("source.too_long")
            yield path


async def _search_history(folder: Path, excluded: Iterable[str]) -> tuple[str, int]:
    """Return the first commit that added a key, and how many lines were read."""
    commit, file, count = b"", b"", 0
    async with aclosing(git.added_lines(folder)) as lines:
        async for line in lines:
            count += 1
            if count > LINES_MAX:
                raise CannotVerifyError("history.too_long")
            if line.startswith(b"commit "):
                commit = line.split()[1]
            elif line.startswith(b"+++ b/"):
                file = line.removeprefix(b"+++ b/")
            elif line.startswith(b"+") and _SECRET.search(line) and not _is_excluded(file, excluded):
                return commit.decode("ascii", "replace")[:40], count
    return "", count


def _is_excluded(file: bytes, excluded: Iterable[str]) -> bool:
    return any(file.endswith(each.encode()) for each in excluded)


def data_folders(settings: Settings) -> tuple[Path, ...]:
    """Return the folders in which a house keeps its data, resolved."""
    folders = [settings.state, *map(folder_of, (settings.blobs.url, settings.log.second))]
    return tuple(each.resolve() for each in folders if each is not None)


@dataclass(frozen=True, slots=True)
class Volumes:
    """Data paths, and the kernel's own tables about them.

    Attributes:
        mountinfo: the text of proc_pid_mountinfo(5).
        sys: where sysfs lies.
        stated_by: who states that the disks are encrypted where it cannot be seen; ``dm-crypt`` for nobody.
        stated_until: the end of that statement.
    """

    paths: tuple[Path, ...]
    mountinfo: str
    sys: Path
    stated_by: str
    stated_until: date
    now: datetime


async def house_volumes(world: World, _arguments: Mapping[str, str]) -> Volumes:
    """Return where this house keeps its data."""
    place = world.operator.place
    return Volumes(
        data_folders(world.settings),
        await asyncio.to_thread(mounts.TABLE.read_text),
        Path("/sys"),
        place.volumes,
        place.volumes_until,
        world.house.clock(),
    )


async def encrypted(target: Volumes) -> Finding:
    """See that each data path lies on dm-crypt, by the kernel's word; else by a provider's dated statement.

    What a provider encrypts below the machine cannot be seen from it: a statement is a word, and shown as one. Where
    none is given, a block device without dm-crypt is a fault, and of anything else nobody could tell.
    """
    kinds = {path: _mapping(mounts.mount_of(path, target.mountinfo).device, target.sys) for path in target.paths}
    if set(kinds.values()) == {"crypt"}:
        return passed({"volumes": len(kinds), "by": "dm-crypt"})
    until = datetime.combine(target.stated_until, time(), UTC) + timedelta(days=1)
    if target.stated_by != "dm-crypt" and until > target.now:
        return attested({"stated_by": target.stated_by}, until)
    plain = [path.name for path, kind in kinds.items() if kind == "plain"]
    return failed("volume.plain", plain[:4]) if plain else unverified("volume.unseen")


def _mapping(device: str, sys: Path) -> str:
    """Return ``crypt``, ``plain``, or nothing where the kernel does not show it, as in a container.

    A partition and a mapping are followed down to what they lie on: encryption anywhere below counts.
    """
    if not re.fullmatch(r"[1-9][0-9]{0,5}:[0-9]{1,7}", device):
        return ""  # major 0 is no block device: overlay, tmpfs, a share
    place = sys / "dev" / "block" / device
    seen: set[Path] = set()
    waiting = [place]
    while waiting:
        here = waiting.pop().resolve()
        if here in seen or not here.is_dir():
            continue
        seen.add(here)
        uuid = here / "dm" / "uuid"
        if uuid.is_file() and uuid.read_text(errors="replace").startswith("CRYPT-"):
            return "crypt"
        if (here / "slaves").is_dir():
            waiting += sorted((here / "slaves").iterdir())
    return "plain" if seen else ""
