"""API keys: who presents one, and who may have one."""

from collections.abc import Collection
from datetime import datetime

from gatepost.access import store
from gatepost.access.naming import plain_name
from gatepost.access.paper import ROLE_SCOPES, AccessError, ApiKey, Person, Principal, Role, Scope
from gatepost.access.secret import Presented
from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId, KeyId

_NO_DIGEST = bytes(32)  # compared with where there is no such key; no secret has it


async def authenticate(db: Database, presented: str) -> Principal | None:
    """Return who presents this key, or None.

    An id that does not exist and a secret that is wrong take the same path and the same time; what is not spelled as
    our keys are is turned away without asking the database.
    """
    key = Presented.parse(presented)
    if key is None:
        return None
    known = await store.find_key(db, key.id)
    fits = key.fits(known.digest if known else _NO_DIGEST)
    return _principal(key.id, known) if known and fits else None


async def is_in_force(db: Database, principal: Principal) -> bool:
    """Tell whether a key that was presented a while ago still lets in whom it let in then, for no less."""
    known = await store.find_key(db, principal.key)
    return known is not None and _principal(principal.key, known) == principal


def _principal(key: KeyId, known: store.KnownKey) -> Principal | None:
    if known.role not in list(Role):
        return None
    role = Role(known.role)
    # A role that was narrowed since narrows the keys it gave: what stands in the row is only what was asked for.
    scopes = frozenset(scope for scope in ROLE_SCOPES[role] if scope in known.scopes)
    return Principal(key, known.tenant, role, scopes, known.account)


async def add_key(
    tx: Transaction,
    role: Role,
    *,
    label: str,
    at: datetime,
    entropy: Entropy,
    scopes: Collection[Scope] | None = None,
    account: AccountId | None = None,
    person: Person | None = None,
) -> tuple[ApiKey, str]:
    """Make a key for this tenant; return it with its text, which is shown this once.

    Args:
        tx: a transaction of the tenant the key is for.
        role: what the holder is to the tenant.
        label: a name to recognise it by, up to 100 printable characters.
        at: aware time of now.
        entropy: where the secret comes from.
        scopes: a subset of the role's; None for all of them.
        account: the only account the key may touch; an agent's key must name one.
        person: whose it is, so that none of their keys approves what they propose; None where nobody says.

    Raises:
        AccessError: the scopes are wider than the role or than the person's, an agent without an account or with a
            person, or no such account here.
    """
    granted = ROLE_SCOPES[role] if scopes is None else frozenset(scopes)
    if wider := granted - ROLE_SCOPES[role]:
        raise AccessError(f"the role {role} does not include {', '.join(sorted(wider))}")
    if role is Role.AGENT and account is None:
        raise AccessError("an agent's key is bound to one mailbox: name it (--mailbox)")
    if person is not None and (role is Role.AGENT or not granted <= ROLE_SCOPES[person.role]):
        raise AccessError(f"that person is {person.role} here: their key may be no more, and an agent's is nobody's")
    presented = Presented.make(entropy)
    whose = None if person is None else person.id
    key = ApiKey(presented.id, tx.tenant, role, granted, account, plain_name("label", label), at, whose)
    if not await store.insert_key(tx, key, presented):
        raise AccessError("there is no such mailbox: gatepost mailbox list")
    return key, presented.text


async def list_keys(tx: Transaction) -> tuple[ApiKey, ...]:
    """Return this tenant's keys, oldest first."""
    return await store.keys(tx)


async def remove_key(tx: Transaction, key: KeyId) -> bool:
    """Revoke a key; False where there is none."""
    return await store.delete_key(tx, key)
