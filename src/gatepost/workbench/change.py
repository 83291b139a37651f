"""Put another policy in force, with its entry in the tenant's record."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gatepost import decide, record
from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE, Stored
from gatepost.ids import AccountId, KeyId
from gatepost.journey import House
from gatepost.record.paper import Consequence, Json, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """Which version must be in force; 0 stands for none. Without any of these, whichever is.

    Attributes:
        is_there: there is one.
        among: it is one of these.
        is_absent: there is none.
        besides: it is none of these.
    """

    is_there: bool = False
    among: frozenset[int] | None = None
    is_absent: bool = False
    besides: frozenset[int] = frozenset()

    def match(self, version: int) -> bool:
        """Tell whether it is one of those that are wanted."""
        return (version > 0 or not self.is_there) and (self.among is None or version in self.among)

    def hold(self, version: int) -> bool:
        """Tell whether it is, and none of those that are not."""
        return self.match(version) and not (self.is_absent and version > 0) and version not in self.besides


UNCONDITIONAL = Preconditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A policy that somebody wants in force for an account, or above them all (``TENANT_WIDE``).

    Attributes:
        base: what must be in force for it to count.
    """

    account: AccountId
    document: object
    actor: KeyId
    why: str = ""
    base: Preconditions = UNCONDITIONAL


class BaseChangedError(Exception):
    """Another version is in force than the wish may follow."""


async def put(tx: Transaction, house: House, wish: Wish) -> Stored:
    """Store a new version and note it.

    Raises:
        PolicyError: the document is not a policy.
        BaseChangedError: another version is in force than it may follow.
    """
    if wish.base != UNCONDITIONAL:
        await decide.lock_policy(tx, wish.account)
        match_base(wish, await decide.get_policy(tx, wish.account))
    stored = await decide.put_policy(tx, wish.account, wish.document, at=house.clock(), actor=wish.actor, why=wish.why)
    said: dict[str, Json] = {"policy_version": stored.version}
    await note(tx, house, wish, "policy.set", said, {"policy_digest": stored.digest})
    return stored


def match_base(wish: Wish, live: Stored | None) -> None:
    """Raise BaseChangedError where ``live`` is not what the wish may follow."""
    if not wish.base.hold(live.version if live else 0):
        raise BaseChangedError


async def wish_back(tx: Transaction, account: AccountId, version: int, *, actor: KeyId, why: str = "") -> Wish:
    """Return the wish for an earlier version; raises ``LookupError`` where there is none."""
    document = await decide.policy_document(tx, account, version)
    return Wish(account=account, document=document, actor=actor, why=why or f"back to version {version}")


async def note(
    tx: Transaction,
    house: House,
    wish: Wish,
    action: str,
    public: dict[str, Json],
    private: Mapping[str, Json] = MappingProxyType({}),
) -> None:
    """Write the entry of one act about a policy; its digest is private, for a short policy can be guessed."""
    is_wide = wish.account == TENANT_WIDE
    act = Consequence(
        kind=Kind.ACT,
        action=action,
        actor=wish.actor,
        at=house.clock(),
        account=None if is_wide else wish.account,
        object_ref=tx.tenant if is_wide else str(wish.account),
        public=public,
        private=private,
    )
    await record.note(tx, act, entropy=house.entropy)
