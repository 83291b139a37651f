"""Policies as the log tells them, and their tables held to that: a version taken away puts an older one in force."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.keys import Vault
from gatepost.record.entry import Leaf
from gatepost.workbench import standing_store
from gatepost.workbench.standing_store import Revocation, Row, Said

_REVOKED = re.compile(r"([0-9]{1,18})/([0-9]{1,9})")
_Place = tuple[int, int]
"""A mailbox (0: above all of them) and a version."""


async def misruled(db: Database, tenant: TenantId) -> list[str]:
    """Return a sentence for each version of a policy, and each revocation, that is not as the log says."""
    async with db.still(tenant) as tx:
        rows, revoked = await standing_store.versions(tx), await standing_store.revocations(tx)
        said = [*await standing_store.said(tx)]
        put = [(place, each) for each in said if (place := _set(each.leaf))]
        ended = {place: each.leaf for each in said if (place := _revoked(each.leaf))}
        return [*_of_versions(put, rows, tx.vault), *_of_revocations(ended, revoked)]


def _set(leaf: Leaf) -> _Place | None:
    version = leaf["detail"].get("policy_version")
    return (leaf["account"] or 0, version) if leaf["action"] == "policy.set" and isinstance(version, int) else None


def _revoked(leaf: Leaf) -> _Place | None:
    found = _REVOKED.fullmatch(leaf["object_ref"]) if leaf["action"] == "policy.revoke" else None
    return (int(found[1]), int(found[2])) if found else None


def _named(place: _Place) -> str:
    account, version = place
    return f"policy {version} of mailbox {account}" if account else f"policy {version} of the tenant"


def _of_versions(put: Sequence[tuple[_Place, Said]], rows: Sequence[Row], vault: Vault) -> Iterator[str]:
    newest = dict(place for place, _ in put)  # what was put in force last
    times = [row.signed.version.at for row in rows if row.signed is not None and row.signed.signature]
    since = min(times, default=None)
    there: dict[_Place, Row] = {(row.account, row.version): row for row in rows}
    for place, said in dict(put).items():  # of a number that was given twice, the later
        row = there.pop(place, None)
        # Beyond the last one lies what a restore took away before the same number was given again.
        if row is None and place[1] <= newest[place[0]]:
            yield f"{_named(place)}: it was put in force, and the table does not have it"
        for problem in () if row is None else _problems(said, row, vault, since):
            yield f"{_named(place)}: {problem}"
    for place in there:
        yield f"{_named(place)}: no entry put it in force"


def _problems(said: Said, row: Row, vault: Vault, since: datetime | None) -> Iterator[str]:
    """Yield what is wrong with a version; of the times ``since`` all are signed."""
    if row.signed is None:
        yield "its words cannot be read"
        return
    made = row.signed.version
    is_genuine = row.signed.is_genuine(vault)
    if is_genuine is False:
        yield "its signature is not its actor's over what the table says"
    elif is_genuine is None and since is not None and made.at >= since:
        yield "it is not signed, and those since the first that is are"
    if said.digest not in {None, made.digest}:
        yield "it is not the document that was put in force"
    yield from _differences(said.leaf, made.actor, made.at)


def _differences(leaf: Leaf, actor: str, at: datetime) -> Iterator[str]:
    if leaf["actor_ref"] != actor:
        yield "somebody else did it than was said"
    if abs((datetime.fromisoformat(leaf["ts"]) - at).total_seconds()) > 1:
        yield "the table tells another time than was said"


def _of_revocations(ended: dict[_Place, Leaf], rows: Sequence[Revocation]) -> Iterator[str]:
    there: dict[_Place, Revocation] = {(row.account, row.version): row for row in rows}
    for place, leaf in ended.items():
        row = there.pop(place, None)
        if row is None:
            yield f"revocation of {_named(place)}: the table does not have it, and what it granted counts again"
        for problem in () if row is None else _differences(leaf, row.actor, row.at):
            yield f"revocation of {_named(place)}: {problem}"
    for place in there:
        yield f"revocation of {_named(place)}: no entry said it"
