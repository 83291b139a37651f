"""The house's own life in the record of its operator: starts, stops, and what changed between two of them.

What the last start knew lies in the state folder: of each setting a keyed token, never its value.
"""

import json
from contextlib import suppress
from importlib.metadata import version

from gatepost.app.administer import note_house
from gatepost.app.state import write_private
from gatepost.db import DatabaseUnavailableError
from gatepost.journey import House
from gatepost.keys import KeyringError
from gatepost.settings import Settings, flat

SEEN = "last-start.json"


async def note_start(settings: Settings, house: House) -> None:
    """Record that the house serves, with which release, which settings are new, and how the schema changed."""
    vault = house.db.keys.vault(None)
    now = {name: vault.blind_text("setting", str(value)) for name, value in flat(settings).items()}
    known: dict[str, str] = _seen(settings).get("settings", now)
    changed = sorted(name for name in now.keys() | known.keys() if now.get(name) != known.get(name))
    await note_house(house, "house.start", {"release": version("gatepost"), "changed": list(changed)})
    await note_schema(settings, house)
    _see(settings, "settings", now)


async def note_stop(house: House) -> None:
    """Record that the house stops in order, and what keys were made; a database that is away takes both with it."""
    with suppress(DatabaseUnavailableError, KeyringError):
        await note_house(house, "house.stop", {})
        await house.db.note_keys()


async def note_restart(house: House, code: int) -> None:
    """Record that the house's own PostgreSQL died, with which exit code, and was started again."""
    with suppress(DatabaseUnavailableError):
        await note_house(house, "postgres.restart", {"code": code})


async def note_schema(settings: Settings, house: House) -> None:
    """Record which migrations were applied since the record was last told.

    By number: a leaf has no room for the names of all that a new house begins with.
    """
    applied = [str(row.name) for row in await house.db.look_up("select name from lookup_schema() as name order by 1")]
    fresh = sorted(set(applied) - set(_seen(settings).get("schema", ())))
    if fresh and await note_house(house, "house.migrate", {"applied": [name.partition("_")[0] for name in fresh]}):
        _see(settings, "schema", applied)


def _seen(settings: Settings) -> dict[str, dict[str, str]]:
    try:
        found = json.loads((settings.state / SEEN).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _see(settings: Settings, name: str, value: object) -> None:
    write_private(settings.state / SEEN, {**_seen(settings), name: value})
