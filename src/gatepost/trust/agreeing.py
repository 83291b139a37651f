"""Put a version of a text to every customer, and take what each says: the leaves of ``terms``, in order, none skipped.

Who, when and which octets: a customer's acceptance is an entry of its own record by the key or person that gave it.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from gatepost.db import Database, Transaction
from gatepost.ids import TenantId
from gatepost.journey import House
from gatepost.record import trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import engagement, store, telling, terms
from gatepost.trust.engagement import FACTS_MAX, NotYetError
from gatepost.trust.operator import Operator
from gatepost.trust.telling import Notice
from gatepost.trust.terms import Change, Course, Standing

TEXT_MAX_CHARS = 160
"""Of a rule, a reason, a decider: a leaf is small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A text that is put to a customer, and where that customer stands."""

    course: Course
    change: Change
    standing: Standing
    at: datetime | None


def change_of(operator: Operator, document: str, *, reason: str = "", decided_by: str = "") -> Change | None:
    """Return the newest version of a text as the operator's registers have it; None where there is no such text.

    Of the terms, the register of versions says what is material and why; any other text is so by ``reason``.
    """
    found = operator.document(document)
    if found is None or found.kind not in {"terms", "agreement"}:
        return None
    sha256 = hashlib.sha256(operator.text_of(found).encode()).hexdigest()
    row = max(operator.terms, key=lambda each: each.effective_on, default=None) if found.kind == "terms" else None
    if row is not None:
        return Change(
            document=document,
            version=row.version,
            sha256=sha256,
            effective_on=row.effective_on,
            material=row.material,
            rule=row.rule[:TEXT_MAX_CHARS],
            reason=(reason or row.reason)[:TEXT_MAX_CHARS],
            decided_by=row.decided_by[:TEXT_MAX_CHARS],
        )
    return Change(
        document=document,
        version=found.version,
        sha256=sha256,
        effective_on=found.reviewed_on,
        material=True,
        rule="Every version of this text is material",
        reason=(reason or "A new version")[:TEXT_MAX_CHARS],
        decided_by=(decided_by or found.owner)[:TEXT_MAX_CHARS],
    )


async def read(tx: Transaction, document: str) -> Course:
    """Return how far a document's newest version has come; in a transaction of ``TRUST``."""
    entries = await store.history(tx, terms.SUBJECT + document, limit=FACTS_MAX)
    return terms.course_of(await trust_log.stated(tx, sorted(entries)))


async def announce(house: House, change: Change) -> Course:
    """Announce a version and tell every customer; done again, it goes on where it was interrupted."""
    async with house.db.transaction(TRUST) as tx:
        course = await read(tx, change.document)
        if course.change != change:
            await _state(tx, house, terms.ANNOUNCED, change.document, change.public)
            course = await read(tx, change.document)
    await telling.tell_all(
        house,
        Notice(
            action=terms.ANNOUNCED,
            about=change.document,
            subject=terms.SUBJECT + change.document,
            digest=digest_of(course),
            public=change.public,
        ),
    )
    async with house.db.transaction(TRUST) as tx:
        if course.noticed_at is None and course.in_force != change.sha256:
            await _state(tx, house, terms.NOTICED, change.document, {"sha256": change.sha256})
        return await read(tx, change.document)


def digest_of(course: Course) -> str:
    """Return what a customer's own fact says once it was told of the newest version."""
    return f"announced {course.change.sha256 if course.change else ''} {course.announced_at}"


async def enforce(house: House, document: str) -> Course:
    """Let the announced version apply.

    Raises:
        NotYetError: its notice is not over, or its day has not come.
    """
    async with house.db.transaction(TRUST) as tx:
        course = await read(tx, document)
        if course.change is not None and course.in_force == course.change.sha256:
            return course
        why = terms.obstacle(course, await engagement.log_time(tx, house.clock()))
        if why or course.change is None:
            raise NotYetError(why)
        await _state(tx, house, terms.IN_FORCE, document, {"sha256": course.change.sha256})
        return replace(course, in_force=course.change.sha256)


async def put_to(db: Database, tenant: TenantId) -> list[Put]:
    """Return the texts that are put to a customer, the newest version of each."""
    async with db.transaction(TRUST) as tx:
        found = [await read(tx, each.removeprefix(terms.SUBJECT)) for each in await store.subjects(tx, terms.SUBJECT)]
    async with db.transaction(tenant) as tx:
        return [await _put(tx, course, course.change) for course in found if course.change is not None]


async def _put(tx: Transaction, course: Course, change: Change) -> Put:
    marked = await store.outcomes(tx, terms.SUBJECT + change.document)
    standing = terms.standing_of([outcome for outcome, _ in marked], change.sha256)
    at = next((at for outcome, at in marked if outcome == terms.mark(standing, change.sha256)), None)
    return Put(course=course, change=change, standing=standing, at=at)


async def say(
    house: House, tenant: TenantId, document: str, standing: Standing, *, sha256: str, actor: str, by_role: str = ""
) -> Put:
    """Take the next step of one customer with one text; the same step again changes nothing.

    Args:
        house: what it stands on.
        tenant: who says it.
        document: about which text.
        standing: where it stands from now on.
        sha256: of the octets it has seen, or of the export it took.
        actor: the key, the person or the operator that says it.
        by_role: what the person who decided is to the customer, where somebody says it on their behalf.

    Raises:
        NotYetError: nothing is put to it, it saw another text, or the step does not follow from where it stands.
    """
    async with house.db.transaction(TRUST) as tx:
        course = await read(tx, document)
    change = course.change
    if change is None:
        raise NotYetError("terms.none")
    is_leaving = standing in {Standing.EXPORTED, Standing.CLOSED}
    if not is_leaving and sha256 != change.sha256:
        raise NotYetError("terms.changed")
    async with house.db.transaction(tenant) as tx:
        put = await _put(tx, course, change)
        if put.standing is standing:
            return put
        if standing not in terms.NEXT[put.standing]:
            raise NotYetError(f"terms.{put.standing}")
        if is_leaving:
            action, public = terms.LEFT, {"step": standing.value, "sha256": sha256}
        else:
            action = terms.ACCEPTED if standing is Standing.ACCEPTED else terms.REJECTED
            public = {"version": change.version, "sha256": sha256, "by_role": by_role}
        entry = await telling.note(tx, house, action, document, {**public}, actor=actor)
        mark, now = terms.mark(standing, change.sha256), house.clock()
        await store.add_fact(tx, entry, subject=terms.SUBJECT + document, outcome=mark, at=now)
        return replace(put, standing=standing, at=now)


async def instruct(house: House, tenant: TenantId, text: str, *, actor: str) -> str:
    """Note a customer's instruction to us as its processor; return the text's SHA-256.

    Both are committed to: whoever guesses the text would know it again by its bare digest.
    """
    sha256 = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    async with house.db.transaction(tenant) as tx:
        private: dict[str, Json] = {"text": text, "sha256": sha256}
        await telling.note(tx, house, "instruction.given", "instruction", {}, actor=actor, private=private)
    return sha256


async def _state(tx: Transaction, house: House, action: str, document: str, detail: dict[str, Json]) -> None:
    now = house.clock()
    fact = Fact(action=action, at=now, object_ref=document, detail=detail)
    (entry,) = await trust_log.state(tx, [fact], entropy=house.entropy)
    await store.add_fact(tx, entry, subject=terms.SUBJECT + document, outcome=action.partition(".")[2], at=now)
