"""The keeper: the only one whose role may remove what was recorded, kept or queued, and what it needs for that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gatepost.blobs import Blobs
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, Transaction
from gatepost.ids import EmailId, TenantId, token
from gatepost.mailbox import erase_store as mail
from gatepost.mailbox.body import object_path
from gatepost.upkeep.retention.limits import Plans
from gatepost.upkeep.retention.roll import Roll

_REQUEST_OCTETS = 10

Sequence_ = Callable[[TenantId], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What forgetting stands on.

    Attributes:
        db: as the role that serves: for what is only read.
        own: as the keeper's role, with a pool of its own; nobody else holds it.
        roll: the erasures, kept outside the database.
        past: the time that has surely passed; what is removed for its age goes by it (docs/adr/0161).
        sequence: gives waiting entries their places in the log; negative where another process is at it.
    """

    db: Database
    own: Database
    blobs: Blobs
    roll: Roll
    plans: Plans
    sequence: Sequence_
    clock: Clock
    past: Clock
    entropy: Entropy

    def new_request(self) -> str:
        """Return an id for what is asked for now."""
        return token("er", self.entropy(_REQUEST_OCTETS))

    async def remove_large_bodies(self, tx: Transaction, emails: list[EmailId]) -> int:
        """Remove the octets of these emails from the object store; before their rows, which name them.

        Args:
            tx: one of ``removing``: the store is waited for inside it, so that no hold is placed meanwhile.
            emails: whose.

        Returns: of how many kept messages they were; one that was refused has none.

        Raises:
            BlobsUnavailableError: the store does not answer.
        """
        elsewhere = await mail.without_inline_body(tx, emails)
        kept = await mail.present(tx, elsewhere)
        await self.blobs.remove(*(object_path(tx.tenant, email) for email in elsewhere))
        return len(kept)
