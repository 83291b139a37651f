"""What this process was given: its environment, and the files that name secrets for it."""

import os
from pathlib import Path

from gatepost.settings.reading import PREFIX, load
from gatepost.settings.sections import Settings


def from_process(file: Path | None = None) -> Settings:
    """Return the settings of this process: its environment, over ``file`` or the file ``GATEPOST_CONFIG`` names."""
    variables = environment()
    named = variables.pop(f"{PREFIX}CONFIG", "")
    return load(variables, file or (Path(named) if named else None))


def environment() -> dict[str, str]:
    """Return a copy of this process's environment."""
    return dict(os.environ)  # noqa: TID251  # the one place that reads it


def amazon() -> dict[str, str]:
    """Return the ``AWS_*`` variables of this process, where S3's clients look for endpoint, region and credentials."""
    return {name: text for name, text in environment().items() if name.startswith("AWS_")}


def credential_files() -> tuple[Path, ...]:
    """Return the files in which this process may find passwords, whether they are there or not.

    That of ``GATEPOST_CONFIG``, and where libpq and S3's clients look.
    """
    said = environment()
    named = [said.get(name, "") for name in (f"{PREFIX}CONFIG", "PGPASSFILE", "AWS_SHARED_CREDENTIALS_FILE")]
    home = said.get("HOME", "")
    customary = [Path(home, ".pgpass"), Path(home, ".aws", "credentials")] if home else []
    return (*(Path(each) for each in named if each), *customary)
