"""What an agent asks of people, and how it stands."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatepost.ids import AccountId, EmailId, PetitionId

_PERSON = "pe_"  # how ids of people begin


class Kind(StrEnum):
    """What is asked for."""

    SENDER = "sender"
    PROMOTION = "promotion"


class State(StrEnum):
    """Where it stands. All but ``WAITING`` are the end; nobody rules on what has expired."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Petition:
    """Something an agent asks for.

    Attributes:
        sender: who may write, as an address key; empty for a promotion, and once erased.
        why: the agent's words: material for whoever rules, and no more.
        proposer: the key of whoever asked.
        email: the message it rests on; None where none was named.
        policy_version: that its approval made; None for a promotion.
        first_yes_by: who said yes first, where two people must.
        is_erased: nobody can read any more whom it was about, so nobody can approve it.
        is_unreadable: of a list: its row is damaged, and says no more than its columns; it may be mended.
    """

    id: PetitionId
    account: AccountId
    kind: Kind
    state: State
    sender: str
    why: str
    proposer: str
    email: EmailId | None
    made_at: datetime
    expires_at: datetime
    settled_at: datetime | None = None
    settled_by: str | None = None
    policy_version: int | None = None
    first_yes_by: str | None = None
    is_erased: bool = False
    is_unreadable: bool = False

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what an approval is bound to."""
        bound = [self.id, self.account, self.kind.value, self.sender, self.why]
        return hashlib.sha256(json.dumps(bound).encode()).hexdigest()

    @property
    def is_first_yes_mailed(self) -> bool:
        """True where the first yes came by a person's own mailed link, not by a key."""
        return (self.first_yes_by or "").startswith(_PERSON)

    def state_at(self, now: datetime) -> State:
        """Return where it stands now."""
        return State.EXPIRED if self.state is State.WAITING and self.expires_at <= now else self.state


class PetitionMissingError(LookupError):
    """There is no such petition in this account."""


class PetitionSettledError(Exception):
    """Nobody can rule on it any more; ``state`` is how it ended."""

    def __init__(self, state: State) -> None:
        super().__init__(state.value)
        self.state = state


class PetitionChangedError(Exception):
    """What was approved is not what was shown."""


class PetitionInvalidError(Exception):
    """It cannot be asked for, or not be done any more; ``reason`` is ``subject.fact``, stable for ever."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
