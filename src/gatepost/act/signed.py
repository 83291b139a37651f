"""Whether what an agent sent us is signed as our events are: Standard Webhooks, by a secret of its mailbox's endpoints.

The API key says who calls; the signature says that these very octets are theirs, now, and once.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.act import registry, store, webhook
from gatepost.act.hosted import meter_store
from gatepost.act.webhook import Signers
from gatepost.db import Transaction
from gatepost.ids import AccountId
from gatepost.keys import Keyring

TOLERANCE = timedelta(minutes=5)
_ID = re.compile(r"[!-~]{1,100}", re.ASCII)
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seal:
    """The three header fields of a signed call: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``."""

    id: str
    stamp: str
    signatures: str


def fits(seal: Seal, body: bytes, signers: Signers, at: datetime) -> bool:
    """Tell whether one of the signatures is by one of the secrets, over these octets, and of now."""
    if not _ID.fullmatch(seal.id) or not _STAMP.fullmatch(seal.stamp):
        return False
    if abs(at.timestamp() - int(seal.stamp)) > TOLERANCE.total_seconds():
        return False
    signed = f"{seal.id}.{seal.stamp}.".encode("ascii") + body
    ours = webhook.signatures(signed, Signers(signers.secrets))
    theirs = seal.signatures.encode("utf-8", "replace").split(b" ")[:10]
    return any(hmac.compare_digest(one.encode("ascii"), other) for one in ours for other in theirs)


async def is_signed(
    tx: Transaction, account: AccountId, seal: Seal, body: bytes, *, keyring: Keyring, at: datetime
) -> bool:
    """Tell whether an endpoint of the account knows the secret these octets are signed with."""
    for hook in await store.webhooks(tx, account):
        endpoint = await store.endpoint(tx, hook.id, at)
        if endpoint is not None and fits(seal, body, registry.signers(keyring, endpoint), at):
            return True
    return False


async def is_first(tx: Transaction, seal: Seal, *, at: datetime) -> bool:
    """Note a signed call by its id; False where it was taken before."""
    token = tx.vault.blind_text("usage-report", seal.id)
    return await meter_store.note_report(tx, token, at=at, forget_before=at - 3 * TOLERANCE)
