"""Whether an agent may do something now: by the message it works on, or on its own where the policy says so.

A client may send a message's token; where it sends none, the message's grant is looked up. The rows have the last word:
a token counts for no more than its message's grant does by now, narrowed by the grants of the whole thread.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gatepost.db import Transaction
from gatepost.decide import capabilities, grants
from gatepost.decide.above import TENANT_WIDE
from gatepost.decide.grant_token import verify_token
from gatepost.decide.grants import Grant, GrantError, Refusal
from gatepost.decide.recall import in_force
from gatepost.ids import AccountId, EmailId


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an agent rests an act on.

    Attributes:
        message: the one it works on; None where it names none.
        token: of a grant; empty where it sends none.
        key: that the tenant's tokens are verified by.
    """

    message: EmailId | None = None
    token: str = ""
    key: Ed25519PublicKey


async def check(tx: Transaction, account: AccountId, wanted: Collection[str], basis: Basis, *, now: datetime) -> None:
    """See that all of ``wanted`` is granted.

    Raises:
        GrantError: it is not; ``wanted`` names the first capability that is missing, ``place`` where it would stand.
    """
    needed = [name for name in wanted if not capabilities.allows((), name)]
    if not needed:
        return
    if basis.message is None and not basis.token:
        await _check_own(tx, account, needed)
        return
    try:
        found = await _found(tx, account, basis, now=now)
    except GrantError as error:
        raise GrantError(error.reason, needed[0], error.place) from None
    for name in needed:
        lacking = next((each for each in found if not each.allows(name)), None)
        if lacking is not None:
            raise GrantError(Refusal.NOT_GRANTED, name, _place(lacking))


def _place(grant: Grant) -> str:
    return f"senders[{grant.rule}] of policy version {grant.policy_version}"


async def _check_own(tx: Transaction, account: AccountId, needed: Collection[str]) -> None:
    policies = await in_force(tx, account)
    for name in needed:
        own = policies.get(account)
        if own is None or name not in (own.on_its_own or ()):
            version = f" of policy version {own.version}" if own else ""
            raise GrantError(Refusal.NOT_GRANTED, name, f"onItsOwn{version}")
        above = policies.get(TENANT_WIDE)
        if above is not None and above.on_its_own is not None and name not in above.on_its_own:
            raise GrantError(Refusal.NOT_GRANTED, name, f"onItsOwn of the tenant's policy version {above.version}")


async def _found(tx: Transaction, account: AccountId, basis: Basis, *, now: datetime) -> list[Grant]:
    if basis.token:
        return await redeem(tx, basis.token, basis.key, account=account, now=now, message=basis.message)
    if basis.message is None:  # pragma: no cover  # the caller has seen that one of the two is there
        raise GrantError(Refusal.MISSING)
    return await grants.of_thread(tx, account, basis.message, now=now)


async def redeem(
    tx: Transaction,
    text: str,
    key: Ed25519PublicKey,
    *,
    account: AccountId,
    now: datetime,
    message: EmailId | None = None,
) -> list[Grant]:
    """Return the grants that bind what a token is presented for: the thread's, its message's, and its own as the last.

    Args:
        tx: of the tenant.
        text: the token.
        key: the tenant's.
        account: whose message it must be about.
        now: aware.
        message: the very message it must be about; None for any.

    Raises:
        GrantError: each way not to fit has a ``Refusal`` of its own.
    """
    carried = verify_token(text, key, tenant=tx.tenant, now=now)
    if carried.account != account:
        raise GrantError(Refusal.OTHER_MAILBOX)
    if message not in {None, carried.message}:
        raise GrantError(Refusal.OTHER_MESSAGE)
    found = await grants.of_thread(tx, account, carried.message, now=now)
    own = found[-1]
    for is_same, reason in (
        (carried.thread == own.thread, Refusal.OTHER_THREAD),
        (carried.sender == own.sender, Refusal.OTHER_SENDER),
        ((carried.policy_version, carried.rule) == (own.policy_version, own.rule), Refusal.OTHER_VERSION),
    ):
        if not is_same:
            raise GrantError(reason)
    return [*found, carried]
