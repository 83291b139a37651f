"""A house for the trust room's tests: real PostgreSQL, real log, an operator's folder that can be edited."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.journey import House
from gatepost.record.publish import Sequencer
from gatepost.record.trust_log import TRUST
from gatepost.settings import Settings, TrustSettings
from gatepost.trust import Canary, Endpoint, Operator, World, read_operator
from gatepost.trust.check import Check
from gatepost.trust.engine import Engine
from outbound import Hands
from record.papers import OpenKeyring, counting

EXAMPLE = Path(__file__).parents[2] / "examples" / "operator"


def copied(folder: Path) -> Path:
    """Return a copy of the example operator, to be edited."""
    return Path(shutil.copytree(EXAMPLE, folder / "operator"))


def claiming_only(folder: Path, *names: str) -> Path:
    """Return a copy of the example that claims these alone."""
    copy = copied(folder)
    head, *claims = (copy / "claims.toml").read_text().split("[[claims]]")
    few = [claim for claim in claims if any(f'id = "{name}"' in claim for name in names)]
    (copy / "claims.toml").write_text("[[claims]]".join([head, *few]))
    return copy


@dataclass
class Scene:
    """One house and one folder; ``clock`` is moved by hand."""

    house: House
    folder: Path
    clock: Hands
    state: Path
    endpoints: tuple[Endpoint, ...] = ()
    canary: Canary | None = None
    catalogue: Mapping[str, Check[Any]] = field(default_factory=dict)

    def operator(self) -> Operator:
        return read_operator(self.folder)

    def world(self, operator: Operator) -> World:
        return World(
            house=self.house,
            settings=Settings(state=self.state, trust=TrustSettings(operator=str(self.folder))),
            operator=operator,
            endpoints=self.endpoints,
            canary=self.canary,
            version="0.1.0",
            packages=frozenset(),
            keeper=None,
            source=self.folder,
        )

    def engine(self) -> Engine:
        return Engine(self.folder, self.world, self.catalogue)

    async def publish(self) -> int:
        """Give facts their places and sign."""
        second = Blobs(Folder(self.state / "second"))
        one = Sequencer(
            self.house.db, self.house.blobs, second, OpenKeyring(), self.clock, counting(10**6), "log.house.example"
        )
        return await one.sequence(TRUST)
