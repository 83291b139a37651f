"""Canary mails through the front door, and what the record says of them afterwards."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gatepost import access, domains
from gatepost.access.paper import HOUSE_PLAN
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.ids import EmailId, TenantId, token
from gatepost.mail.fields import body_sha256
from gatepost.record import export, log_store
from gatepost.record.commitment import commit
from gatepost.record.log_store import Stored
from gatepost.record.paper import Json
from gatepost.record.search import Sought, page
from gatepost.trust.paper import CannotVerifyError, Finding, Outcome, failed, passed, unverified
from gatepost.trust.probe.client import ProbeError, Prober, Reply
from gatepost.trust.probe.mail import FRIEND, GUARDED, STRANGER, UNPROVEN, Letter, hand_in
from gatepost.trust.world import Endpoint, World

WAIT_S = 20.0
_POLL_S = 0.25
_ROWS_MAX = 5000
_LATEST = 1000  # entries of each log
FIELDS = ("sender", "recipient", "body_hash", "evidence")
"""What a decision's opening must hold; verdicts, decision and tokens stand in the leaf itself."""

_ANSWERS = {2: "deliver", 4: "defer", 5: "reject"}


@dataclass(frozen=True, slots=True)
class Canary:
    """One kind of canary: its author, whether it is handed in under TLS, what else it says, whether a machine's."""

    author: str
    tls: bool = True
    words: str = ""
    is_automatic: bool = True


KINDS = {
    "expected": Canary(FRIEND),
    "unexpected": Canary(STRANGER),
    "unproven": Canary(UNPROVEN),
    "guarded": Canary(FRIEND, words=GUARDED),
}
"""The canaries' own policy delivers the first, and refuses each of the others for a reason of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postbox:
    """Where canaries go in, and whose record must tell of them.

    Attributes:
        kinds: each kind of canary.
        wait_s: how long an entry may take to be published.
    """

    prober: Prober
    host: str
    port: int
    recipient: str
    db: Database
    tenant: TenantId
    kinds: Mapping[str, Canary]
    entropy: Entropy
    wait_s: float = WAIT_S


def door(world: World) -> Endpoint:
    """Return the door where mail arrives."""
    return next(each for each in world.endpoints if each.door == "smtp")


async def postbox_of(world: World, recipient: str, kinds: Mapping[str, Canary]) -> Postbox:
    """Return where mail to an address of this house goes in.

    Raises:
        CannotVerifyError: another house answers for it.
    """
    house, smtp = world.house, door(world)
    tenant = await domains.tenant_of(house.db, recipient.rpartition("@")[2])
    if tenant is None:
        raise CannotVerifyError("contact.elsewhere")
    return Postbox(
        prober=Prober(house.egress, house.entropy),
        host=smtp.host,
        port=smtp.port,
        recipient=recipient,
        db=house.db,
        tenant=tenant,
        kinds=kinds,
        entropy=house.entropy,
    )


async def contact(world: World, arguments: Mapping[str, str]) -> Postbox:
    """Return the published contact with a role; one that another house answers for cannot be looked at here."""
    found = next((each for each in world.operator.contacts if each.role == arguments["role"]), None)
    if found is None:
        raise CannotVerifyError("contact.missing")
    return await postbox_of(world, found.address, {"canary": Canary(FRIEND)})


async def gate(world: World, _arguments: Mapping[str, str]) -> Postbox:
    """Return the canaries' own mailbox, with a mail of each kind."""
    if world.canary is None:
        raise CannotVerifyError("canary.missing")
    return await postbox_of(world, world.canary.address, KINDS)


async def both_ways(world: World, _arguments: Mapping[str, str]) -> Postbox:
    """Return the canaries' own mailbox, with one mail in clear and one under TLS."""
    if world.canary is None:
        raise CannotVerifyError("canary.missing")
    return await postbox_of(world, world.canary.address, {"clear": Canary(FRIEND, tls=False), "tls": Canary(FRIEND)})


async def delivered(box: Postbox) -> Finding:
    """See that every canary is taken, and delivered by the record's word."""
    seen: dict[str, Json] = {}
    loop = asyncio.get_running_loop()
    for kind in box.kinds:
        began = loop.time()
        try:
            letter, reply, start = await _hand_in(box, kind)
        except ProbeError:
            return unverified("door.unreachable")
        if reply.code // 100 == 4:  # noqa: PLR2004  # temporary (RFC 5321 section 4.2.1)
            return unverified("mail.deferred", {kind: reply.code})
        if reply.code // 100 != 2:  # noqa: PLR2004  # taken
            return failed("mail.refused", {kind: reply.code})
        row = await _entry(box, letter, start)
        if row is None:
            return failed("entry.missing", kind)
        if _leaf(row)["decision"]["disposition"] != "deliver":
            return failed("mail.not_delivered", kind)
        seen[kind] = round(loop.time() - began, 1)
    return passed(seen, "seconds to the entry")


async def both(box: Postbox) -> Finding:
    """See that canaries are taken in clear and under TLS; count how much of the latest inbound mail came under TLS.

    Where no mail but canaries has come there is no share to publish, and nobody can tell.
    """
    finding = await delivered(box)
    if finding.outcome is not Outcome.PASS:
        return finding
    share = await _share(box.db)
    if not share["of_latest"]:
        return unverified("mail.none_counted", {"seconds": finding.value})
    return passed({"seconds": finding.value, **share})


async def _share(db: Database) -> dict[str, Json]:
    """Return how many of the latest inbound decisions name a version of TLS; the canaries' own log is left out."""
    count, under = 0, 0
    for tenant in await access.list_tenants(db):
        if tenant.plan == HOUSE_PLAN:
            continue
        async with db.transaction(tenant.id) as tx:
            size = await log_store.size(tx)
            leaves = await log_store.leaves(tx, max(0, size - _LATEST), size)
        for decision in (orjson.loads(octets).get("decision") for octets in leaves):
            if decision and decision["direction"] == "inbound":
                count += 1
                under += decision["tls"] is not None
    return {"under_tls": under, "of_latest": count}


async def taken(box: Postbox, kind: str) -> EmailId | None:
    """Hand a canary in and return what its entry calls it; None where it was not taken, or has no entry in time.

    Raises:
        CannotVerifyError: nobody answers at the door.
    """
    try:
        letter, reply, start = await _hand_in(box, kind)
    except ProbeError as error:
        raise CannotVerifyError("door.unreachable") from error
    row = await _entry(box, letter, start) if _ANSWERS.get(reply.code // 100) == "deliver" else None
    return None if row is None else EmailId(_leaf(row)["email"])


async def answered(box: Postbox) -> Finding:
    """See that every answer of the door has an entry that says the same, and opens to this very mail."""
    seen: dict[str, Json] = {}
    for kind in box.kinds:
        try:
            letter, reply, start = await _hand_in(box, kind)
        except ProbeError:
            return unverified("door.unreachable")
        row = await _entry(box, letter, start)
        if row is None:
            return failed("entry.missing", kind)
        fault = _fault(row, letter, reply)
        if fault:
            return failed(fault, kind)
        seen[kind] = _leaf(row)["decision"]["reason"]
    return passed(seen)


async def rebuilt(box: Postbox) -> Finding:
    """See that all that became of a mail is found again by its id alone, as ``gatepost trace`` asks for it.

    Which kind of canary it is, chance decides. What the door answered is the truth that the chain is compared with: it
    begins with the one decision, which says the same, and names no other.
    """
    kinds = sorted(box.kinds)
    kind = kinds[box.entropy(1)[0] % len(kinds)]
    try:
        letter, reply, start = await _hand_in(box, kind)
    except ProbeError:
        return unverified("door.unreachable")
    first = await _entry(box, letter, start)
    if first is None:
        return failed("chain.missing")
    async with box.db.transaction(box.tenant) as tx:
        found = await page(tx, Sought(facts={"message": _leaf(first)["email"]}), limit=_ROWS_MAX)
    leaves = sorted((row.found.leaf for row in found.rows), key=lambda leaf: str(leaf["ts"]))
    steps = [str(leaf["action"]) for leaf in leaves]
    decisions = [leaf["decision"]["disposition"] for leaf in leaves if leaf["action"] == "message.decided"]
    if decisions != [_ANSWERS.get(reply.code // 100)] or steps[:1] != ["message.decided"]:
        return failed("chain.broken", {"kind": kind, "steps": steps[:8]})
    return passed({"kind": kind, "steps": steps[:8], "answered": reply.code})


async def _hand_in(box: Postbox, kind: str) -> tuple[Letter, Reply, int]:
    """Return what was handed in, what the door said, and how long the log was before."""
    canary = box.kinds[kind]
    async with box.db.transaction(box.tenant) as tx:
        start = await log_store.size(tx)
    name = f"{token('cy', box.entropy(20))}@canary.invalid"
    letter = Letter(
        mail_from=canary.author,
        author=canary.author,
        to=box.recipient,
        message_id=name,
        words=canary.words,
        is_automatic=canary.is_automatic,
    )
    return letter, await hand_in(box.prober, box.host, box.port, letter, tls=canary.tls), start


async def _entry(box: Postbox, letter: Letter, start: int) -> Stored | None:
    """Return the published entry that decides on a mail; None where there is none in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + box.wait_s
    while True:
        async with box.db.transaction(box.tenant) as tx:
            head = await export.head(tx)
            size = head.size if head else 0
            rows = await log_store.stored(tx, start, min(size, start + _ROWS_MAX))
        for row in rows:
            opening = row.opening if isinstance(row.opening, dict) else {}
            if opening.get("message_id", {}).get("value", "").strip("<>") == letter.message_id:
                return row
        if loop.time() > deadline:
            return None
        await asyncio.sleep(_POLL_S)


def _leaf(row: Stored) -> dict[str, Any]:
    return orjson.loads(row.leaf or b"{}")  # type: ignore[no-any-return]  # what verify_log has seen to be a dict


def _fault(row: Stored, letter: Letter, reply: Reply) -> str:
    """Return what the entry lacks or says otherwise; empty where it is whole."""
    leaf = _leaf(row)
    decision = leaf["decision"]
    if _ANSWERS.get(reply.code // 100) != decision["disposition"]:
        return "entry.differs"
    if not {"spf", "dkim", "dmarc", "reason", "disposition"} <= set(decision) or "tokens" not in leaf:
        return "entry.incomplete"
    for name in FIELDS:
        if name not in row.opening:
            return f"entry.lacks_{name}"
        opened = row.opening[name]
        salt = base64.b64decode(opened["salt"])
        if base64.b64encode(commit(name, salt, opened["value"])).decode() != leaf["c"][name]:
            return "commitment.differs"
    return "" if row.opening["body_hash"]["value"] == body_sha256(letter.text) else "body.differs"
