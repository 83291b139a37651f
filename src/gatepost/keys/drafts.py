"""Keys that this process has made and not written yet. One thread makes them, another may be writing meanwhile."""

from collections.abc import Iterable

from gatepost.clock import Entropy
from gatepost.keys.keyring import KEY_OCTETS, Keyring
from gatepost.keys.rotation import WRAPPING
from gatepost.keys.store import Row


class Drafts:
    """New keys by id, each with its row, which waits for its wrapping."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._last_id = int.from_bytes(entropy(8), "big") >> 2  # SQLite's are signed; 0 stands for no key
        self._made: dict[int, tuple[Row, bytes]] = {}

    def __bool__(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self._made)

    def make(self, tenant: str, kind: str, name: str) -> tuple[int, bytes]:
        """Make a key and return it with its id."""
        made, key = self.new_id(), self._entropy(KEY_OCTETS)
        self._made[made] = Row(made, tenant, kind, name, b""), key
        return made, key

    def new_id(self) -> int:
        """Return an id nobody else gives. It follows the last one: so new keys lie in few pages of the file.

        Each process counts from a place of its own, drawn from 2^62.
        """
        self._last_id += 1
        return self._last_id

    def key(self, wanted: int) -> bytes | None:
        """Return a key that waits; None where that one does not."""
        found = self._made.get(wanted)
        return found and found[1]

    def wrapped(self, master: Keyring) -> list[Row]:
        """Return all that wait as they are to be written."""
        made = list(self._made.values())
        return [row._replace(wrapped=master.wrap(WRAPPING, key, row.about)) for row, key in made]

    def drop(self, keys: Iterable[int]) -> None:
        """Forget keys: they are written, or destroyed."""
        for key in keys:
            self._made.pop(key, None)

    def named(self, tenant: str, kind: str | None, name: str | None) -> list[int]:
        """Return those that wait of a tenant: of one kind and name, of one kind, or all."""
        rows = [row for row, _ in list(self._made.values())]
        return [
            row.id for row in rows if row.tenant == tenant and kind in {None, row.kind} and name in {None, row.name}
        ]
