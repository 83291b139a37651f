"""The engine: looks at each claim when it is due, and states what it saw in the public trust log.

One round: the operator's folder is read again; where it has changed, that is stated first; claims that are due are
looked at, each check once for all claims that ask the same of it; every result is a leaf. Claims that are no longer in
the folder stay in the history and are stated as withdrawn.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from gatepost.db import DatabaseUnavailableError
from gatepost.ids import EntryId
from gatepost.jobs import end
from gatepost.meters import Raised
from gatepost.record import trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact, Stated
from gatepost.trust import challenge, deeds, git, heads, leaf, look, parts, store, words
from gatepost.trust.bench import Bench
from gatepost.trust.check import Check, Run, run
from gatepost.trust.folder import Folder
from gatepost.trust.operator import Operator, OperatorError
from gatepost.trust.paper import (
    ABSENT,
    LIVES,
    VANISHED,
    Attestation,
    Claim,
    ClaimClass,
    Finding,
    Outcome,
    Result,
    Shown,
    attested,
    rests_on,
    unverified,
)
from gatepost.trust.world import World

POLL_S = 5.0
_AT_ONCE = 4
_PLAYED = frozenset({ClaimClass.PROBE, ClaimClass.DRILL})
log = structlog.get_logger()

WorldOf = Callable[[Operator], World]
Catalogue = Mapping[str, Check[Any]]
_Asked = tuple[str, tuple[tuple[str, str], ...]]


class Engine:
    """One per house.

    Args:
        folder: the operator's.
        world: makes what checks look at, given the folder as it is now.
        catalogue: the checks by id.
    """

    def __init__(self, folder: Path, world: WorldOf, catalogue: Catalogue) -> None:
        self._folder = Folder(folder)
        self._world = world
        self._catalogue = catalogue
        self._is_worded = False

    async def run(self, stop: asyncio.Event) -> None:
        """Look whenever something is due until ``stop`` is set.

        A round under way is called off then: a check may wait half a minute for somebody outside, and what was not
        stated yet is looked at by the next start.
        """
        looking = asyncio.ensure_future(self._look_on())
        try:
            await stop.wait()
        finally:
            await end([looking])

    async def _look_on(self) -> None:
        """Look for ever.

        The first round looks anew at all that is quick: settings, certificates and program may be others than before.
        A database away for a while only delays it; nothing that happens in a round ends the house.
        """
        is_first = True
        while True:
            try:
                await self.round(quick=is_first)
                is_first = False
            except (OperatorError, DatabaseUnavailableError) as error:
                log.warning("trust.delayed", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001  # claims grow stale then; the mail goes on
                log.error("trust.round_broke", error=Raised.by(error))
            await asyncio.sleep(POLL_S)

    async def round(self, *, everything: bool = False, quick: bool = False) -> list[Result]:
        """Look at what is due, or at everything, or also at all that is quick; return what was seen.

        Raises:
            OperatorError: the folder cannot be read; what was stated before grows stale.
            DatabaseUnavailableError: nothing was stated.
        """
        world = self._world(await asyncio.to_thread(self._folder.read))
        now = world.house.clock()
        known = await newest(world)
        asked, deed = await look.waiting(world.house.db), await deeds.newest(world.house.db)
        everything = everything or bool(asked)
        is_revised = await self._revise(world, known, now)
        await heads.state_hourly(world.house.db, now, world.house.entropy)
        # Any file of the folder may be what a check reads: after a revision no earlier result speaks for it.
        claims = [each for each in world.operator.claims if not each.withdrawn]
        due = [each for each in claims if everything or is_revised or self._is_due(each, known.get(each.id), now, deed)]
        nonces = await challenge.waiting(world.house.db)
        if (nonces or quick) and not everything:
            due += [each for each in claims if self._is_quick(each) and each not in due]
        results: list[Result] = []
        for is_last in (False, True):
            seen = await self._look(world, [each for each in due if self._is_last(each) is is_last])
            for result in seen:
                await _state(world, result)
            results += seen
        if nonces:
            await challenge.answer(world.house, nonces, results)
        if asked:
            await look.answer(world.house, asked)
        return results

    async def glance(self) -> tuple[Operator, list[Result]]:
        """Look at every claim of the folder and state nothing: for a folder that is not the house's, to try it out.

        Raises:
            OperatorError: the folder cannot be read.
        """
        world = self._world(await asyncio.to_thread(self._folder.read))
        return world.operator, await self._look(world, [each for each in world.operator.claims if not each.withdrawn])

    def _is_last(self, claim: Claim) -> bool:
        check = self._catalogue.get(claim.check)
        return check is not None and check.reads_results

    def _is_quick(self, claim: Claim) -> bool:
        """Tell whether a visitor's challenge runs it anew: what is probed or read at once, and no drill."""
        return bool(claim.check) and claim.claim_class in {ClaimClass.PROBE, ClaimClass.INTROSPECTION}

    def _is_due(self, claim: Claim, last: Shown | None, now: datetime, deed: EntryId) -> bool:
        if last is None or last.result.text_sha256 != leaf.text_sha256(claim.text):
            return True
        check = self._catalogue.get(claim.check)
        if check is not None and check.version != last.result.check_version:
            return True
        if claim.check and claim.claim_class not in _PLAYED and last.entry < deed:
            return True  # what somebody entered meanwhile may be what it reads
        if last.result.checked_at > now:  # under a clock that was wrong: it would speak until that day has come
            return True
        return last.result.expires_at <= now or now - last.result.checked_at >= _cadence(claim)

    async def _look(self, world: World, claims: Iterable[Claim]) -> list[Result]:
        """Look at claims; those that ask the same of a check share one run."""
        runs: dict[_Asked, asyncio.Task[Run]] = {}
        gate = asyncio.Semaphore(_AT_ONCE)
        wanted = list(claims)
        with tempfile.TemporaryDirectory(prefix="gatepost-control-") as folder:
            async with asyncio.TaskGroup() as group:
                for each in wanted:
                    asked = _asked(each)
                    check = self._catalogue.get(each.check)
                    if check is not None and asked not in runs:
                        place = Path(folder) / str(len(runs))
                        runs[asked] = group.create_task(_run(gate, check, world, place, each.arguments))
        return [_result(each, self._catalogue, runs, world.house.clock()) for each in wanted]

    async def _revise(self, world: World, known: Mapping[str, Shown], now: datetime) -> bool:
        """State the folder's digest where it has changed or was committed since, and which claims are gone from it.

        Return whether it has changed.
        """
        operator = world.operator
        last = await newest_of(world, leaf.REVISION)
        present = {each.id: each for each in operator.claims}
        facts: list[tuple[Fact, str, str]] = []
        is_new = last is None or last.detail["digest"] != operator.digest
        commit = await git.commit_of(operator.folder) if is_new or not _commit(last) else ""
        if is_new or commit:
            detail: dict[str, Json] = {
                "digest": operator.digest,
                "claims": len(present),
                "documents": len(operator.documents),
                "commit": commit,
                "parts": await parts.keep(world.house.blobs, operator),
            }
            facts.append(
                (Fact(action=leaf.REVISED, at=now, object_ref="operator", detail=detail), leaf.REVISION, "revised")
            )
        async with world.house.db.transaction(TRUST) as tx:
            last_said = {identifier: shown.entry for identifier, shown in known.items()}
            if is_new or not self._is_worded:
                worded = await words.keep(tx, operator.claims, now, entropy=world.house.entropy)
                last_said = worded | last_said
            gone = await store.newest(tx)
            for identifier, said_in in last_said.items():
                claim = present.get(identifier)
                mark = leaf.GONE + identifier
                if gone.get(mark, 0) > said_in or (claim is not None and not claim.withdrawn):
                    continue
                why = claim.withdrawn if claim else VANISHED
                fact = Fact(
                    action=leaf.WITHDRAWN, at=now, object_ref=identifier, detail={"claim": identifier, "why": why}
                )
                facts.append((fact, mark, "withdrawn"))
            entries = await trust_log.state(tx, [fact for fact, _, _ in facts], entropy=world.house.entropy)
            for entry, (_, subject, outcome) in zip(entries, facts, strict=True):
                await store.add_fact(tx, entry, subject=subject, outcome=outcome, at=now)
        self._is_worded = True
        return is_new


async def _run(
    gate: asyncio.Semaphore, check: Check[Any], world: World, place: Path, arguments: Mapping[str, str]
) -> Run:
    async with gate:
        await asyncio.to_thread(place.mkdir, mode=0o700)
        house = world.house
        bench = Bench(folder=place, database=house.db, clock=house.clock, entropy=house.entropy, world=world)
        return await run(check, partial(check.of_house, world, arguments), bench)


def _cadence(claim: Claim) -> timedelta:
    """Return how often a claim is looked at: one that no check looks at, once a day."""
    return claim.cadence if claim.check else max(claim.cadence, timedelta(days=1))


def _asked(claim: Claim) -> _Asked:
    return claim.check, tuple(sorted(claim.arguments.items()))


def _result(claim: Claim, catalogue: Catalogue, runs: Mapping[_Asked, asyncio.Task[Run]], now: datetime) -> Result:
    check = catalogue.get(claim.check)
    done = runs[_asked(claim)].result() if check is not None else None
    finding = _as_attested(done.finding if done is not None else _unchecked(claim), claim, now)
    expires_at = now + LIVES * _cadence(claim)
    if finding.until is not None:
        expires_at = min(expires_at, finding.until)
    return Result(
        claim=claim.id,
        claim_class=rests_on(claim.claim_class, finding),
        text_sha256=leaf.text_sha256(claim.text),
        finding=finding,
        checked_at=now,
        expires_at=expires_at,
        check_id=claim.check,
        check_version=check.version if check is not None else "",
        control=done.control if done is not None else None,
    )


def _unchecked(claim: Claim) -> Finding:
    """Return what there is to say of a claim that no check looks at."""
    if claim.not_applicable:
        return Finding(outcome=Outcome.NOT_APPLICABLE, reason="operator.says_so")
    if claim.absent:
        return unverified(ABSENT)
    if claim.check:
        return unverified("check.unknown")
    if claim.attestation is None:
        return unverified("attestation.missing")
    return attested({"by": claim.attestation.by, "on": claim.attestation.on.isoformat()}, _end_of(claim.attestation))


def _as_attested(finding: Finding, claim: Claim, now: datetime) -> Finding:
    """Return a finding that is a word, or that rests on one in part, as long as somebody stands by it."""
    if claim.attestation is None or finding.outcome not in {Outcome.ATTESTED, Outcome.PASS}:
        return finding
    until = _end_of(claim.attestation)
    if until <= now:
        return Finding(outcome=Outcome.STALE, value=finding.value, reason="attestation.expired")
    return replace(finding, until=min(until, finding.until or until))


def _end_of(word: Attestation) -> datetime:
    return datetime.combine(word.until, time(), UTC) + timedelta(days=1)


async def _state(world: World, result: Result) -> None:
    async with world.house.db.transaction(TRUST) as tx:
        (entry,) = await trust_log.state(tx, [leaf.fact_of(result)], entropy=world.house.entropy)
        outcome = result.finding.outcome.value
        await store.add_fact(tx, entry, subject=result.claim, outcome=outcome, at=result.checked_at)


async def newest(world: World) -> dict[str, Shown]:
    """Return the newest result of each claim, also of those that are gone from the folder."""
    async with world.house.db.transaction(TRUST) as tx:
        known = {name: entry for name, entry in (await store.newest(tx)).items() if not name.startswith("@")}
        return {each.result.claim: each for each in leaf.readable(await trust_log.stated(tx, [*known.values()]))}


def _commit(revision: Stated | None) -> str:
    return "" if revision is None else str(revision.detail.get("commit", ""))


async def newest_of(world: World, subject: str) -> Stated | None:
    """Return the newest fact about a subject that is no claim."""
    async with world.house.db.transaction(TRUST) as tx:
        entries = await store.history(tx, subject, limit=1)
        found = await trust_log.stated(tx, entries)
    return found[0] if found else None
