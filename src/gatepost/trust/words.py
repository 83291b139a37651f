"""What claims said: each wording is a leaf of the public trust log, so that a claim taken away keeps its words.

A result holds the SHA-256 of the text it is about; the text itself stands here once, until it is worded anew.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.ids import EntryId
from gatepost.record import trust_log
from gatepost.record.canonical import canonical
from gatepost.record.paper import Json
from gatepost.record.trust_log import Fact
from gatepost.trust import leaf, store
from gatepost.trust.paper import Claim

_TEXT_MAX_OCTETS = 900
_CUT_CHARS = 140
_LABEL_MAX_CHARS = 48


async def keep(tx: Transaction, claims: Iterable[Claim], at: datetime, *, entropy: Entropy) -> dict[str, EntryId]:
    """State the words of each claim that says something new; in a transaction of ``TRUST``.

    Return where the words of every claim stand that there ever was.
    """
    subjects = await store.newest(tx)
    known = {name.removeprefix(leaf.WORDS): entry for name, entry in subjects.items() if name.startswith(leaf.WORDS)}
    last = {each.object_ref: each.detail for each in await trust_log.stated(tx, [*known.values()])}
    new = [detail for detail in map(_detail, claims) if last.get(str(detail["claim"])) != detail]
    facts = [Fact(action=leaf.WORDED, at=at, object_ref=str(each["claim"]), detail=each) for each in new]
    for entry, fact in zip(await trust_log.state(tx, facts, entropy=entropy), facts, strict=True):
        await store.add_fact(tx, entry, subject=leaf.WORDS + fact.object_ref, outcome="worded", at=at)
        known[fact.object_ref] = entry
    return known


def _detail(claim: Claim) -> Mapping[str, Json]:
    return {
        "claim": claim.id,
        "text": _fitting(claim.text),
        "text_sha256": leaf.text_sha256(claim.text),
        "topic": claim.topic[:_LABEL_MAX_CHARS],
        "owner": claim.owner[:_LABEL_MAX_CHARS],
    }


def _fitting(text: str) -> str:
    """Return a text that a leaf has room for: whole, or its beginning, which then hashes to something else."""
    return text if len(canonical(text).encode()) <= _TEXT_MAX_OCTETS else f"{text[:_CUT_CHARS]} ..."
