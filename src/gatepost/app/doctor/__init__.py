"""``gatepost doctor``: look at everything a house stands on, and say for each finding what to do next."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from inspect import isawaitable

from gatepost.app import state
from gatepost.app.build import accept_dsn, blobs_of, clock, entropy, guards_no_fork, hostname_of, ways_of
from gatepost.app.doctor import (
    agents,
    certificates,
    clocks,
    database,
    disk,
    engine,
    erasures,
    exports,
    names,
    outside,
    policies,
    ports,
    secrets,
    webhooks,
)
from gatepost.app.doctor.finding import Finding, Level, failure, ok, warning, worst
from gatepost.app.keeping import roll_of
from gatepost.app.open import hushed
from gatepost.app.past import Past
from gatepost.app.ways_out import next_hop
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.db.outside import Dsn, through
from gatepost.egress import Egress
from gatepost.keys import ErasedError, KeyringError, KeyStore
from gatepost.settings import Settings

Seen = Iterable[Finding]

__all__ = ["Finding", "Level", "examine", "worst"]


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything, in order; nothing is changed, and a check that fails in itself is a finding too.

    Raises:
        SettingsError: the settings themselves cannot be used.
    """
    hostname, hop = hostname_of(settings), next_hop(settings)
    running = state.running(settings.state)
    dsn = settings.database.dsn or (running.dsn if running else "")
    ways = ways_of(settings, dsn)
    found: list[Finding] = []

    async def add(subject: str, look: Callable[[], Seen | Awaitable[Seen]]) -> None:
        try:
            seen = look()
            found.extend(await seen if isawaitable(seen) else seen)
        except DatabaseUnavailableError:
            found.append(failure(subject, "the database went away meanwhile", "look at its log"))
        except (KeyringError, ErasedError):
            found.append(failure(subject, "not looked at: what it must read does not open", "see to the keys first"))
        except Exception as error:  # noqa: BLE001  # the others are still worth having
            found.append(
                failure(subject, f"this check itself failed ({type(error).__name__})", "tell the project about it")
            )

    async with ways.resolver as resolver, AsyncExitStack() as resources:
        resources.enter_context(hushed())
        await add("ports", lambda: ports.look(settings, running))
        await add("certificates", lambda: certificates.look(settings, hostname, clock()))
        await add("disk", lambda: disk.look(settings.state))
        found += [engine.look(), engine.look_at_cores(settings.smtp.workers, engine.cores())]
        found.append(disk.judge_second(guards_no_fork=guards_no_fork(settings)))
        kept, keys = secrets.look(settings.state, entropy)
        found += kept
        if keys is not None:
            resources.callback(keys.close)
        await add("dns", lambda: names.look(resolver, hostname))
        await add("egress", lambda: outside.look(settings, hop, ways.egress))
        found += [agents.look(settings, running), *agents.look_at_kernel()]
        async with _reached(settings, through(ways.egress, dsn) if dsn else None, keys, found) as db:
            await add("clock", lambda: clocks.look(clock, db))
            await add("clock.past", lambda: clocks.look_at_past(Past(settings.state, clock), is_up=running is not None))
            if keys is not None:
                await add("keys.erased", lambda: _enrolled(settings, ways.egress, db))
            if db is None:
                return found
            await add("database", lambda: database.look(db, database.taken(settings)))
            await add("database", lambda: database.look_at_accepting(through(ways.egress, accept_dsn(settings, dsn))))
            await add("blobs", lambda: outside.look_at_blobs(blobs_of(settings, ways), entropy))
            if keys is None:
                if worst(kept) is not Level.FAILURE:  # which says what to do already
                    await add("keys.fit", lambda: secrets.miss(db))
                return found
            await add("keys.fit", lambda: secrets.try_on(keys, db))
            await add("blobs.house", lambda: outside.look_at_owner(blobs_of(settings, ways), db, clock))
            await add("policies", lambda: policies.look(db))
            await add("exports", lambda: exports.look(db, clock()))
            await add("webhooks", lambda: webhooks.look(db, clock()))
            await add("dns", lambda: names.look_at_domains(db, resolver, hostname))
    return found


async def _enrolled(settings: Settings, egress: Egress, db: Database | None) -> list[Finding]:
    return [await erasures.look(roll_of(settings, egress), db, clock())]


@asynccontextmanager
async def _reached(
    settings: Settings, dsn: Dsn | None, keys: KeyStore | None, found: list[Finding]
) -> AsyncIterator[Database | None]:
    """Yield the database, or None where it cannot be looked at, having said why."""
    if dsn is None:
        found.append(
            warning(
                "database.reach",
                "the embedded PostgreSQL runs only while the house is up: what lies in it was not looked at",
                "start the house and look again",
            )
        )
        yield None
        return
    async with Database.open(dsn, keys, size=2) as db:
        try:
            await db.reach(5)
        except DatabaseUnavailableError as error:
            ours = f"see the house's own log, and postgres.log below {settings.state}/; then start the house again"
            step = "see database.dsn, and its log" if settings.database.dsn else ours
            found.append(failure("database.reach", f"PostgreSQL does not let us in: {error}", step))
            yield None
        else:
            found.append(ok("database.reach", "PostgreSQL answers"))
            yield db
