"""What controls are built on: a folder that vanishes, a database, a clock. Nothing of the house's own fixtures."""

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from gatepost.clock import Clock, Entropy
from gatepost.db import Database
from gatepost.egress import Destination, Egress, Purpose, Register
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.world import World

LOOPBACK = Destination(
    purpose=Purpose.PROBE, host="127.0.0.1", port=0, networks=(ip_network("127.0.0.1"),), is_clear=True
)
"""Where controls listen: connections to them are none of the house's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """For one round of controls. What they write to the database lies under a name of theirs.

    ``world``: for the one control that is the house itself with a switch thrown; None where there is no house.
    """

    folder: Path
    database: Database | None
    clock: Clock
    entropy: Entropy
    world: World | None = None

    @property
    def db(self) -> Database:
        """The database.

        Raises:
            CannotVerifyError: there is none, as where a stranger's house is probed.
        """
        if self.database is None:
            raise CannotVerifyError("database.none")
        return self.database

    @property
    def egress(self) -> Egress:
        """A way to loopback, and nowhere else."""
        return Egress(Register([LOOPBACK]), nobody, self.clock)


async def nobody(_host: str) -> list[str]:
    """Find no address of any name: controls have no DNS."""
    return []
