"""What nobody attended to: reports, findings, alerts and notices, each with one fault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from gatepost.trust.bench import Bench
from gatepost.trust.cases import Case, Sort, Way
from gatepost.trust.checks import cases, told
from gatepost.trust.controls import server
from gatepost.trust.probe.client import Prober
from gatepost.trust.uptime import Component, Hour, hour_of
from gatepost.trust.world import Endpoint

_DAY = timedelta(days=1)


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
    row = Hour(component=Component.SMTP, hour=hour, probes=60, up=60, p50_ms=9, p95_ms=20)
    stated = {(hour.strftime("%Y-%m-%dT%H:%M:%SZ"), "smtp"): (60, 31)}
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
async def anybody_objects(_bench: Bench) -> AsyncIterator[told.Entitled]:
    """A rule that asks for no plan."""
    yield told.Entitled(lambda _tenant: True)


@asynccontextmanager
async def forgotten_objection(bench: Bench) -> AsyncIterator[told.Objections]:
    """An objection of last year that nobody has answered."""
    now = bench.clock()
    yield told.Objections({"control": now - 300 * _DAY}, {}, 30 * _DAY, now)
