"""What nobody attended to: reports, findings, alerts and notices, each with one fault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from gatepost.access.paper import Tenant
from gatepost.trust import clocks, notice
from gatepost.trust.alerts import Alert, Cause, Kind
from gatepost.trust.bench import Bench
from gatepost.trust.cases import Case, Sort, Way
from gatepost.trust.checks import called, cases, drills, objections, told
from gatepost.trust.controls import server
from gatepost.trust.incidents import Impact, Incident, State, Update
from gatepost.trust.log_time import HOUR, LogTime
from gatepost.trust.probe.client import Prober
from gatepost.trust.probe.receiver import Handed
from gatepost.trust.registers import Supplier
from gatepost.trust.uptime import Component, Hour, hour_of
from gatepost.trust.world import Endpoint

_DAY = timedelta(days=1)
_TOLD = "told@control.invalid"


@asynccontextmanager
async def unread_report(bench: Bench) -> AsyncIterator[cases.Register]:
    """A report of last month that nobody has acknowledged."""
    now = bench.clock()
    row = Case(id="control", sort=Sort.SECURITY, way=Way.FORM, received_at=now - 30 * _DAY)
    yield cases.Register((row,), _DAY, now)


@asynccontextmanager
async def late_report(bench: Bench) -> AsyncIterator[cases.Register]:
    """One that was acknowledged a day too late."""
    now = bench.clock()
    came = now - 9 * _DAY
    row = Case(id="control", sort=Sort.ABUSE, way=Way.MAIL, received_at=came, acknowledged_at=came + 2 * _DAY)
    yield cases.Register((row,), _DAY, now)


@asynccontextmanager
async def better_uptime(bench: Bench) -> AsyncIterator[told.Availability]:
    """A page that shows an hour without the outage that its leaf states."""
    now = bench.clock()
    hour = hour_of(now - _DAY)
    row = Hour(component=Component.SMTP, hour=hour, probes=60, up=60, p50_ms=9, p95_ms=20, every_s=60)
    stated = {(hour.strftime("%Y-%m-%dT%H:%M:%SZ"), "smtp"): (60, 31, 60)}
    yield told.Availability((row,), stated, now)


@asynccontextmanager
async def lazier_cadence(bench: Bench) -> AsyncIterator[told.Availability]:
    """A page that shows an hour as whole of which its leaf says that most probes were missing."""
    now = bench.clock()
    hour = hour_of(now - _DAY)
    row = Hour(component=Component.SMTP, hour=hour, probes=6, up=6, p50_ms=9, p95_ms=20, every_s=600)
    stated = {(hour.strftime("%Y-%m-%dT%H:%M:%SZ"), "smtp"): (6, 6, 60)}
    yield told.Availability((row,), stated, now)


@asynccontextmanager
async def hushed_incident(bench: Bench) -> AsyncIterator[told.Told]:
    """A status page and a feed that know nothing of an incident that was stated."""
    empty = {
        "/api/v2/incidents.json": ("application/json", b'{"incidents": []}'),
        "/api/v2/scheduled-maintenances.json": ("application/json", b'{"scheduled_maintenances": []}'),
        "/status/history.atom": ("application/atom+xml", b"<feed/>"),
    }
    async with server.listening(server.http(empty)) as port:
        endpoint = Endpoint(door="control", host=server.HOST, port=port, tls="")
        yield told.Told(("in_control",), Prober(bench.egress, bench.entropy), endpoint)


@asynccontextmanager
async def anybody_objects(bench: Bench) -> AsyncIterator[objections.Machine]:
    """A machine that asks for no plan."""

    async def knock(_tenant: Tenant) -> str:
        return "notice.never_given"

    yield objections.Machine(knock, notice.case_of, notice.obstacle, bench.clock())


@asynccontextmanager
async def deaf_machine(bench: Bench) -> AsyncIterator[objections.Machine]:
    """One that engages although somebody has objected."""

    def obstacle(case: notice.Case, supplier: Supplier, log: LogTime) -> str:
        return notice.obstacle(replace(case, objections=frozenset()), supplier, log)

    yield objections.Machine(_knock, notice.case_of, obstacle, bench.clock())


@asynccontextmanager
async def credulous_machine(bench: Bench) -> AsyncIterator[objections.Machine]:
    """One that takes the date of the youngest leaf for the time that has passed."""

    def obstacle(case: notice.Case, supplier: Supplier, log: LogTime) -> str:
        every_hour = [replace(log.ticks[0], at=log.now - HOUR * back) for back in range(31 * 24)]
        return notice.obstacle(case, supplier, replace(log, ticks=every_hour))

    yield objections.Machine(_knock, notice.case_of, obstacle, bench.clock())


async def _knock(tenant: Tenant) -> str:
    return "notice.never_given" if tenant.plan in {"business", "enterprise"} else "objection.plan"


@asynccontextmanager
async def forgotten_objection(bench: Bench) -> AsyncIterator[objections.Objections]:
    """An objection of last year that nobody has answered."""
    now = bench.clock()
    yield objections.Objections({"control": now - 300 * _DAY}, {}, 30 * _DAY, now)


@asynccontextmanager
async def unanswered_alert(bench: Bench) -> AsyncIterator[called.Calls]:
    """An alert of yesterday that nobody has taken on."""
    now = bench.clock()
    row = Alert(id="control", cause=Cause(Kind.DRILL, "control"), raised_at=now - _DAY)
    yield called.Calls((row,), _DAY / 96, now)


@asynccontextmanager
async def late_answer(bench: Bench) -> AsyncIterator[called.Calls]:
    """One that was taken on after an hour."""
    now = bench.clock()
    came = now - _DAY
    taken = came + _DAY / 24
    row = Alert(
        id="control", cause=Cause(Kind.INCIDENT, "control"), raised_at=came, acknowledged_at=taken, by="control"
    )
    yield called.Calls((row,), _DAY / 96, now)


@asynccontextmanager
async def _exercise(
    bench: Bench, *, planted: int, age: timedelta = timedelta(), came: tuple[Handed, ...] = ()
) -> AsyncIterator[drills.Exercise]:
    """One in which the record knows of one letter, and whose notice leaves and comes to nobody."""

    async def tell() -> tuple[Handed, ...]:
        return came

    async def mark() -> datetime:
        return bench.clock()

    letters = frozenset(f"letter-{number}" for number in range(planted))
    known, aware_at = frozenset({"letter-0"}), bench.clock() - age
    yield drills.Exercise(letters, known, aware_at, _TOLD, "in_control", tell, mark, bench.clock)


@asynccontextmanager
async def overlooked_letter(bench: Bench) -> AsyncIterator[drills.Exercise]:
    """An exercise in which the record knows one of two letters."""
    async with _exercise(bench, planted=2) as target:
        yield target


@asynccontextmanager
async def lost_notice(bench: Bench) -> AsyncIterator[drills.Exercise]:
    """One after which the server of those concerned has mail: to somebody else, and of something else."""
    others = Handed("somebody@control.invalid", b"in_control"), Handed(_TOLD, b"in_another")
    async with _exercise(bench, planted=1, came=others) as target:
        yield target


@asynccontextmanager
async def unsigned_notice(bench: Bench) -> AsyncIterator[drills.Exercise]:
    """One whose notice comes, and could be anybody's."""
    async with _exercise(bench, planted=1, came=(Handed(_TOLD, b"Subject: in_control\r\n\r\n"),)) as target:
        yield target


@asynccontextmanager
async def late_notice(bench: Bench) -> AsyncIterator[drills.Exercise]:
    """One in which nobody was told for two days."""
    async with _exercise(bench, planted=1, age=2 * _DAY) as target:
        yield target


def _breach(bench: Bench, **after: timedelta) -> told.Breaches:
    """Return a breach of two days ago, of which these events were stated so long after."""
    now = bench.clock()
    began = now - 2 * _DAY
    word = Update(entry=1, state=State.INVESTIGATING, body="control", at=began)
    one = Incident(
        id="control",
        name="control",
        kind=clocks.Kind.BREACH,
        impact=Impact.MAJOR,
        components=(),
        updates=(word,),
        events={name.replace("__", "."): began + later for name, later in after.items()},
    )
    return told.Breaches((one,), now)


@asynccontextmanager
async def breach_kept_quiet(bench: Bench) -> AsyncIterator[told.Breaches]:
    """A breach that somebody opened and told nobody of."""
    yield _breach(bench)


@asynccontextmanager
async def breach_told_late(bench: Bench) -> AsyncIterator[told.Breaches]:
    """A breach whose notice was given an hour too late."""
    yield _breach(bench, aware=timedelta(0), gdpr__controller_notice=timedelta(hours=25))


def _step(action: str, at: datetime) -> told.Step:
    return told.Step(action=action, document="control", sha256="0" * 64, material=True, at=at)


@asynccontextmanager
async def untold_terms(bench: Bench) -> AsyncIterator[tuple[told.Step, ...]]:
    """A version that applies and that nobody was told of."""
    yield (_step("terms.in_force", bench.clock()),)


@asynccontextmanager
async def early_terms(bench: Bench) -> AsyncIterator[tuple[told.Step, ...]]:
    """A material one that applies on day 29."""
    now = bench.clock()
    yield _step("terms.noticed", now - 29 * _DAY), _step("terms.in_force", now)
