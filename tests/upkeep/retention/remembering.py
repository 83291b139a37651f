"""A key store that remembers what was sealed, and where: after an erasure a test can try every seal there ever was."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from typing_extensions import override

from gatepost.clock import Entropy
from gatepost.keys import ErasedError, KeyringError, KeyStore, Vault
from gatepost.keys.store import Rows

_STREAM = b"\x03"


class Sealed(NamedTuple):
    """One seal and what it hides."""

    tenant: str
    place: str
    octets: bytes
    seal: bytes


class Remembering(KeyStore):
    """Works as every key store does.

    Attributes:
        made: all that was sealed through it, in order.
    """

    def __init__(self, folder: Path, rows: Rows, writes: Rows, entropy: Entropy) -> None:
        super().__init__(folder, rows, writes, entropy)
        self.made: list[Sealed] = []

    @override
    def vault(self, tenant: str | None) -> Vault:
        super().vault(tenant)
        return _Watched(self, tenant or "")

    def opens(self, sealed: Sealed) -> bool:
        """Tell whether somebody who holds the key store now reads it."""
        vault = super().vault(sealed.tenant)
        try:
            if sealed.seal.startswith(_STREAM):
                return b"".join(vault.open_stream(sealed.place, [sealed.seal])) == sealed.octets
            return vault.open(sealed.place, sealed.seal) == sealed.octets
        except (ErasedError, KeyringError):
            return False


class _Watched(Vault):
    __slots__ = ("_seals",)

    def __init__(self, holder: Remembering, tenant: str) -> None:
        super().__init__(holder, tenant)
        self._seals = holder.made

    @override
    def seal(self, place: str, octets: bytes, *, at: datetime, subject: str | None) -> bytes:
        sealed = super().seal(place, octets, at=at, subject=subject)
        self._seals.append(Sealed(self._tenant, place, octets, sealed))
        return sealed

    @override
    def seal_lasting(self, place: str, octets: bytes) -> bytes:
        sealed = super().seal_lasting(place, octets)
        self._seals.append(Sealed(self._tenant, place, octets, sealed))
        return sealed

    @override
    def seal_stream(self, place: str, pieces: Iterable[bytes], *, at: datetime, subject: str | None) -> Iterator[bytes]:
        octets = [*pieces]
        sealed = [*super().seal_stream(place, octets, at=at, subject=subject)]
        self._seals.append(Sealed(self._tenant, place, b"".join(octets), b"".join(sealed)))
        return iter(sealed)
