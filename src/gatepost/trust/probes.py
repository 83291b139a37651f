"""Round trips through each part of the house, as strangers and customers make them, again and again.

One canary mail serves two parts: that the door takes it, and that its entry stands in the signed log. A trip that fails
is made once more at once: what failed twice is an outage, and is seen within one cadence and two deadlines. Each change
is stated in the public trust log when it is seen, each whole hour when it is over.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from gatepost import act
from gatepost.db import DatabaseUnavailableError
from gatepost.ids import AccountId, LeafIndex, TenantId, WebhookId, token
from gatepost.jobs.pause import pause
from gatepost.journey import House
from gatepost.record import export, log_store, trust_log
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST, Fact
from gatepost.trust import leaf, outages, status_store, store
from gatepost.trust.probe.client import ProbeError, Prober
from gatepost.trust.probe.mail import FRIEND, GUARDED, Letter, hand_in
from gatepost.trust.uptime import HOURS, MEASURED, Component, Hour, Pace, Sample, hour_of, hours_of
from gatepost.trust.world import Canary, Endpoint

POLL_S = 0.25
KEPT = timedelta(days=2)
KEEP_S = 30.0
UNKEPT_MAX = 20_000
"""Two days of five parts, by the minute."""
CHANGED = "status.changed"
COMPONENT = "@component/"
"""What stands before a part's name where its changes are found in the trust log."""
_OK, _TAKEN, _REFUSED = 200, 2, 5
_ROWS_MAX = 1_000

log = structlog.get_logger()


class TripError(Exception):
    """A round trip failed; ``reason`` is stable, as ``subject.fact``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Hook:
    """The canaries' own endpoint, whose receiver is this house."""

    tenant: TenantId
    account: AccountId
    webhook: WebhookId


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Makes the trips of one house.

    Attributes:
        canary: whose mailbox the letters go to.
        smtp: the door for mail.
        http: the door for everything else.
        hook: None where this house has no way to a receiver of its own: then webhooks are not shown at all.
        pace: the cadence, and the deadline of one trip.
        unkept: what was seen while the database was away, oldest first; it is kept once it is back, for an outage of
            the database is one of the house.
    """

    house: House
    canary: Canary
    smtp: Endpoint
    http: Endpoint
    hook: Hook | None
    pace: Pace
    unkept: deque[Sample] = field(default_factory=lambda: deque(maxlen=UNKEPT_MAX))

    async def run(self, stop: asyncio.Event) -> None:
        """Probe until ``stop`` is set."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            try:
                await self.once()
            except DatabaseUnavailableError as error:
                log.warning("status.delayed", error=type(error).__name__)
            await pause(stop, max(0.0, self.pace.every_s - (loop.time() - began)))

    async def once(self) -> list[Sample]:
        """Make every trip now, keep what was seen, and state what changed.

        Raises:
            DatabaseUnavailableError: nothing was kept; the next round tries again.
        """
        trips = self._trips()
        seen = await asyncio.gather(*(self._sample(component, trip) for component, trip in trips.items()))
        self.unkept.extend(seen)
        try:
            async with asyncio.timeout(KEEP_S):  # a stopped PostgreSQL neither answers nor hangs up
                await keep(self.house, tuple(self.unkept), self.pace)
        except TimeoutError as error:
            raise DatabaseUnavailableError("it does not answer") from error
        self.unkept.clear()
        return list(seen)

    def _trips(self) -> Mapping[Component, Callable[[], Awaitable[None]]]:
        trips: dict[Component, Callable[[], Awaitable[None]]] = {
            Component.SMTP: self._take,
            Component.POLICY: self._refuse,
            Component.RECORD: self._record,
            Component.REST: self._ask,
        }
        if self.hook is not None:
            trips[Component.WEBHOOK] = self._tell
        return trips

    async def _sample(self, component: Component, trip: Callable[[], Awaitable[None]]) -> Sample:
        loop = asyncio.get_running_loop()
        at, reason, took_s = self.house.clock(), "", 0.0
        for _ in range(2):
            began = loop.time()
            reason = await _ended(trip, self.pace.trip_s)
            took_s = loop.time() - began
            if not reason:
                break
        return Sample(component=component, at=at, is_up=not reason, latency_ms=round(took_s * 1000), reason=reason)

    async def _take(self) -> None:
        """A friend's letter is taken."""
        await self._hand_in("")

    async def _refuse(self) -> None:
        """A letter the canaries' policy guards against is refused for good."""
        letter = self._letter(GUARDED)
        if (await self._say(letter)) // 100 != _REFUSED:
            raise TripError("policy.not_applied")

    async def _record(self) -> None:
        """The entry of a letter stands in the signed log: found there by the letter's own identifier."""
        async with self.house.db.transaction(self.canary.tenant) as tx:
            start = await log_store.size(tx)
        letter = await self._hand_in("record")
        while True:
            if await self._is_published(letter, start):
                return
            await asyncio.sleep(POLL_S)

    async def _is_published(self, letter: Letter, start: int) -> bool:
        async with self.house.db.transaction(self.canary.tenant) as tx:
            head = await export.head(tx)
            size = head.size if head else 0
            rows = await log_store.stored(tx, LeafIndex(start), min(size, start + _ROWS_MAX))
        openings = [row.opening for row in rows if isinstance(row.opening, dict)]
        return any(each.get("message_id", {}).get("value", "").strip("<>") == letter.message_id for each in openings)

    async def _ask(self) -> None:
        """The API's door says that the house can work."""
        door = self.http
        answer = await self._prober().fetch(door.host, door.port, "/health/ready", tls=door.tls == "implicit")
        if answer.status != _OK:
            raise TripError("api.not_ready")

    async def _tell(self) -> None:
        """A signed event leaves by the way of all events and is taken by a receiver."""
        if self.hook is None:
            raise TripError("webhook.none")
        hook = self.hook
        answer = await act.test(self.house, hook.tenant, hook.account, hook.webhook, actor="house")
        if answer.status_code // 100 != _TAKEN:
            raise TripError("webhook.not_taken")

    async def _hand_in(self, words: str) -> Letter:
        letter = self._letter(words)
        if (await self._say(letter)) // 100 != _TAKEN:
            raise TripError("mail.not_taken")
        return letter

    async def _say(self, letter: Letter) -> int:
        door = self.smtp
        return (await hand_in(self._prober(), door.host, door.port, letter, tls=door.tls == "starttls")).code

    def _letter(self, words: str) -> Letter:
        name = f"{token('cy', self.house.entropy(20))}@canary.invalid"
        return Letter(mail_from=FRIEND, author=FRIEND, to=self.canary.address, message_id=name, words=words)

    def _prober(self) -> Prober:
        return Prober(self.house.egress, self.house.entropy, timeout_s=self.pace.trip_s)


async def _ended(trip: Callable[[], Awaitable[None]], trip_s: float) -> str:
    """Return why a trip failed; empty where it did not."""
    try:
        async with asyncio.timeout(trip_s):
            await trip()
    except TimeoutError:
        return "answer.late"
    except ProbeError:
        return "door.unreachable"
    except DatabaseUnavailableError:
        return "database.away"
    except LookupError:
        return "canary.missing"
    except TripError as error:
        return error.reason
    return ""


async def keep(house: House, seen: Sequence[Sample], pace: Pace) -> None:
    """Keep samples, each part's oldest first; state what went down or came back, outages, and hours that are over."""
    async with house.db.transaction(TRUST) as tx:
        before = await status_store.newest(tx, house.clock())
        await status_store.add_samples(tx, seen, every_s=max(1, round(pace.every_s)))
        known = dict(before)
        for sample in seen:
            last = known.get(sample.component)
            known[sample.component] = sample
            if last is not None and last.is_up is sample.is_up:
                continue
            fact = Fact(action=CHANGED, at=sample.at, object_ref=sample.component.value, detail=_change(sample))
            (entry,) = await trust_log.state(tx, [fact], entropy=house.entropy)
            subject, outcome = f"{COMPONENT}{sample.component.value}", "up" if sample.is_up else "down"
            await store.add_fact(tx, entry, subject=subject, outcome=outcome, at=sample.at)
            if last is not None or not sample.is_up:  # a part that is up when it is first looked at is no news
                log.warning(
                    "status.changed", component=sample.component.value, is_up=sample.is_up, reason=sample.reason
                )
        await outages.attend(tx, house, seen, before, pace)
    await _close_hours(house)


def _change(sample: Sample) -> dict[str, Json]:
    return {
        "component": sample.component.value,
        "up": sample.is_up,
        "reason": sample.reason,
        "latency_ms": sample.latency_ms,
    }


async def _close_hours(house: House) -> None:
    """State every whole hour that is over and was not stated yet, each once; forget old samples."""
    now = house.clock()
    async with house.db.transaction(TRUST) as tx:
        last = await status_store.last_hour(tx, now)
        since = last + timedelta(hours=1) if last else now - KEPT
        if since >= hour_of(now):
            return
        done = hours_of(await status_store.samples(tx, since, hour_of(now)))
        for at in sorted({each.hour for each in done}):
            hours = [each for each in done if each.hour == at]
            fact = Fact(action=MEASURED, at=now, object_ref=leaf.instant(at), detail=measured(hours))
            (entry,) = await trust_log.state(tx, [fact], entropy=house.entropy)
            await store.add_fact(tx, entry, subject=HOURS, outcome="stated", at=now)
            await status_store.add_hours(tx, hours, entry)
        await status_store.forget_samples(tx, house.past() - KEPT)


def measured(hours: Sequence[Hour]) -> dict[str, Json]:
    """Return what the trust log says of one hour: what was due in it goes by ``every_s``, the cadence in force."""
    parts: dict[str, Json] = {
        each.component.value: {"probes": each.probes, "up": each.up, "p50_ms": each.p50_ms, "p95_ms": each.p95_ms}
        for each in hours
    }
    return {"hour": leaf.instant(hours[0].hour), "every_s": min(each.every_s for each in hours), "components": parts}
