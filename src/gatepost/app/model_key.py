"""The key of the model's endpoint: wrapped in the state folder, opened by the agents' process alone."""

import json
from pathlib import Path

from gatepost.app.state import write_private
from gatepost.keys import Keyring, KeyringError
from gatepost.settings import SettingsError

NAME = "model-key.json"
_PURPOSE = "model-key"
KEY_MAX_CHARS = 512


def keep(folder: Path, keyring: Keyring, key: str) -> None:
    """Keep a key, in place of an earlier one; an empty one forgets it.

    Raises:
        SettingsError: it is no key.
    """
    if not key:
        (folder / NAME).unlink(missing_ok=True)
        return
    if len(key) > KEY_MAX_CHARS or not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"a key is at most {KEY_MAX_CHARS} printable ASCII characters without blanks")
    write_private(folder / NAME, {"wrapped": keyring.wrap(_PURPOSE, key.encode()).hex()})


def take(folder: Path, keyring: Keyring) -> str:
    """Return the key; empty where there is none. Only the agents' process calls this.

    Raises:
        SettingsError: what lies there was not wrapped by this house.
    """
    try:
        written = json.loads((folder / NAME).read_text())
        return keyring.unwrap(_PURPOSE, bytes.fromhex(written["wrapped"])).decode()
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError, KeyringError) as error:
        raise SettingsError(f"{NAME} of the state folder is none of this house: set it again") from error
