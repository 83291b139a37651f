"""Papers that must be found out: overdue, unsigned, contradictory, invented, each with one fault."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from gatepost.egress import Destination, Purpose, Register
from gatepost.trust import git
from gatepost.trust.bench import Bench
from gatepost.trust.checks import documents, findings, machine, page, places
from gatepost.trust.paper import Claim, ClaimClass, Outcome
from gatepost.trust.registers import (
    Acceptance,
    Commitment,
    Contact,
    Control,
    Disclosure,
    Document,
    Duty,
    Entity,
    Instruction,
    Member,
    Principal,
    Registration,
    Release,
    Scan,
    Store,
    Supplier,
    TermsVersion,
    Vulnerability,
)

_DAY = timedelta(days=1)


@asynccontextmanager
async def unreviewed(bench: Bench) -> AsyncIterator[documents.Shelf]:
    """A policy last read three years ago."""
    text, now = "We lock the door.\n", bench.clock()
    row = Document(
        id="control",
        kind="policy",
        title="Control",
        file="control.md",
        version="1",
        owner="control",
        reviewed_by="control",
        reviewed_on=(now - 1100 * _DAY).date(),
        review_days=365,
        reviewed_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    yield documents.Shelf((row,), {"control.md": text}, now)


@asynccontextmanager
async def unmapped(bench: Bench) -> AsyncIterator[documents.Mapped]:
    """A statement of applicability that forgot all controls but one."""
    row = Control(number="5.1", document="control", how="control")
    yield documents.Mapped((row,), frozenset({"control"}), bench.clock())


@asynccontextmanager
async def other_entity(bench: Bench) -> AsyncIterator[documents.Named]:
    """An agreement with somebody else."""
    row = Entity(
        name="Control One Ltd",
        trading_name="Control",
        number="1",
        jurisdiction="Nowhere",
        postal_address="Nowhere 1",
        site="https://control.invalid",
        authority="nobody's",
        owner="control",
    )
    yield documents.Named(row, "This agreement is made with Control Two Ltd.\n", bench.clock())


@asynccontextmanager
async def empty_role(bench: Bench) -> AsyncIterator[documents.Roles]:
    """Contacts without one for security."""
    del bench
    row = Contact(role="sales", address="sales@control.invalid", purpose="control", owner="control")
    yield documents.Roles((row,), {})


@asynccontextmanager
async def broken_promise(bench: Bench) -> AsyncIterator[documents.Promise]:
    """A promise whose time ran out a month ago."""
    row = Commitment(id="control", text="control", owner="control", trigger="business", due_days=30)
    now = bench.clock()
    yield documents.Promise(row, now - 60 * _DAY, now)


@asynccontextmanager
async def lapsed(bench: Bench) -> AsyncIterator[documents.Entries]:
    """A registration that ended two months ago."""
    now = bench.clock()
    row = Registration(id="control", register="control", number="1", owner="control", renew_by=(now - 60 * _DAY).date())
    yield documents.Entries((row,), now)


@asynccontextmanager
async def unaccepted(bench: Bench) -> AsyncIterator[documents.Agreement]:
    """A customer that accepted another text."""
    today = bench.clock().date()
    accepted = Acceptance(tenant="tn_control", sha256="0" * 64, accepted_on=today, by_role="owner")
    instruction = Instruction(id="control", purpose="control", basis="control", since=today)
    yield documents.Agreement("1" * 64, ("tn_control",), (accepted,), (instruction,))


def _terms(bench: Bench, *, noticed_days: int, rule: str = "control", twice: bool = False) -> documents.History:
    now = bench.clock()
    row = TermsVersion(
        version="1",
        noticed_on=(now - noticed_days * _DAY).date(),
        effective_on=now.date(),
        material=True,
        rule=rule,
        reason="control",
        decided_by="control",
    )
    return documents.History((row, row) if twice else (row,), now)


@asynccontextmanager
async def terms_twice(bench: Bench) -> AsyncIterator[documents.History]:
    """Two versions of one number."""
    yield _terms(bench, noticed_days=60, twice=True)


@asynccontextmanager
async def terms_sudden(bench: Bench) -> AsyncIterator[documents.History]:
    """A material change announced 29 days ahead."""
    yield _terms(bench, noticed_days=29)


@asynccontextmanager
async def terms_undecided(bench: Bench) -> AsyncIterator[documents.History]:
    """A change that no rule calls material."""
    yield _terms(bench, noticed_days=60, rule="")


def _disclosure(bench: Bench, text: str) -> documents.Rendered:
    row = Disclosure(
        contact_role="security",
        policy="control",
        scope=("control.invalid",),
        assets=("control.invalid",),
        out_of_scope=("denial of service",),
        pays_bounty=False,
        bounty_sentence="We pay nothing.",
        acknowledge_hours=24,
        languages=("en",),
        expires_on=bench.clock().date(),
        owner="control",
        payouts=2,
    )
    return documents.Rendered(row, text, ("control.invalid", "forgotten.invalid"), bench.clock())


@asynccontextmanager
async def forgotten_host(bench: Bench) -> AsyncIterator[documents.Rendered]:
    """A host that researchers are told nothing of."""
    yield _disclosure(bench, "control.invalid, denial of service")


@asynccontextmanager
async def unrendered(bench: Bench) -> AsyncIterator[documents.Rendered]:
    """A text that does not say what is out of scope."""
    yield _disclosure(bench, "control.invalid")


@asynccontextmanager
async def secret_bounty(bench: Bench) -> AsyncIterator[documents.Rendered]:
    """Rewards paid where the text says that none are."""
    yield _disclosure(bench, "We pay nothing.")


@asynccontextmanager
async def uncommitted(bench: Bench) -> AsyncIterator[documents.Committed]:
    """A folder with a change that no commit holds."""
    folder = bench.folder / "uncommitted"
    folder.mkdir()
    await git.ask(folder, "init", "--quiet")
    (folder / "claims.toml").write_text("one\n")
    await git.ask(folder, "add", ".")
    await git.ask(
        folder, *("-c", "user.name=control", "-c", "user.email=control@control.invalid"), "commit", "-qm", "one"
    )
    (folder / "claims.toml").write_text("two\n")
    yield documents.Committed(folder)


@asynccontextmanager
async def old_scan(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of last month."""
    now = bench.clock()
    day = (now - 30 * _DAY).date()
    (bench.folder / "scan.json").write_text('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}')
    row = Scan(asset="control", tool="control", file="scan.json", completed_on=day, owner="control")
    yield findings.Scans((row,), bench.folder, frozenset(), frozenset(), now)


@asynccontextmanager
async def partial_scan(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of today that left out a package which is installed."""
    now = bench.clock()
    (bench.folder / "part.json").write_text('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}')
    row = Scan(asset="control", tool="control", file="part.json", completed_on=now.date(), owner="control")
    yield findings.Scans((row,), bench.folder, frozenset(), frozenset({"a", "left-out"}), now)


@asynccontextmanager
async def untriaged(bench: Bench) -> AsyncIterator[findings.Scans]:
    """A scan of today that found what nobody has looked at."""
    now = bench.clock()
    found = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CONTROL-1"}]}]}'
    (bench.folder / "found.json").write_text(found)
    row = Scan(asset="control", tool="control", file="found.json", completed_on=now.date(), owner="control")
    yield findings.Scans((row,), bench.folder, frozenset(), frozenset(), now)


def _backlog(bench: Bench, severity: str, clock: str) -> findings.Backlog:
    now = bench.clock()
    row = Vulnerability(id="control", severity=severity, detected_at=(now - 200 * _DAY).isoformat())
    return findings.Backlog((row,), clock, now)


@asynccontextmanager
async def late(bench: Bench) -> AsyncIterator[findings.Backlog]:
    """A critical finding that lies open since half a year."""
    yield _backlog(bench, "critical", "critical")


@asynccontextmanager
async def old_minor(bench: Bench) -> AsyncIterator[findings.Backlog]:
    """A minor one of the same age that nobody accepted."""
    yield _backlog(bench, "minor", "minor")


def _release(bench: Bench, *, reviewer: str, beta: int) -> findings.Releases:
    now = bench.clock()
    row = Release(
        version="control",
        commit="0" * 40,
        checks=("control",),
        author="one",
        reviewer=reviewer,
        sole_maintainer=False,
        beta_on=(now - beta * _DAY).date(),
        production_on=now.date(),
        beta_days_min=2,
    )
    return findings.Releases((row,), "control", now)


@asynccontextmanager
async def self_reviewed(bench: Bench) -> AsyncIterator[findings.Releases]:
    """A release that nobody but its author has seen."""
    yield _release(bench, reviewer="one", beta=5)


@asynccontextmanager
async def no_beta(bench: Bench) -> AsyncIterator[findings.Releases]:
    """A release that went to production on the day of its beta."""
    yield _release(bench, reviewer="two", beta=0)


@asynccontextmanager
async def old_certificate(bench: Bench) -> AsyncIterator[findings.Certificates]:
    """A supplier's certificate that lapsed."""
    now = bench.clock()
    yield findings.Certificates({"control": ("ISO/IEC 27001:2022", now - _DAY)}, now)


@asynccontextmanager
async def old_standard(bench: Bench) -> AsyncIterator[findings.Certificates]:
    """A supplier's certificate by a standard of another time."""
    now = bench.clock()
    yield findings.Certificates({"control": ("SSAE 16", now + 90 * _DAY)}, now)


@asynccontextmanager
async def vague(bench: Bench) -> AsyncIterator[page.Wording]:
    """A claim that says nothing, owned by nobody; and more words than checks."""
    claim = Claim(
        id="control",
        text="We take security seriously.",
        topic="control",
        claim_class=ClaimClass.STATEMENT,
        owner="",
        cadence=_DAY,
    )
    yield page.Wording((claim,), bench.clock())


@asynccontextmanager
async def hidden(bench: Bench) -> AsyncIterator[page.Listing]:
    """A failed claim that vanished from the page."""
    del bench
    yield page.Listing(frozenset({"one", "two"}), frozenset({"one"}))


@asynccontextmanager
async def failing_duty(bench: Bench) -> AsyncIterator[page.Duties]:
    """A duty whose claim fails."""
    del bench
    row = Duty(id="control", law="control", duty="control", claims=("one",), owner="control")
    yield page.Duties((row,), {"one": Outcome.FAIL})


@asynccontextmanager
async def unstated(bench: Bench) -> AsyncIterator[page.Revision]:
    """A folder that says something else than the log."""
    yield page.Revision("0" * 64, bench.clock(), "1" * 64, bench.clock())


def _supplier(bench: Bench, *, notice: int = 60, processes: bool = True) -> Supplier:
    now = bench.clock()
    return Supplier(
        id="control",
        name="Control",
        purpose="control",
        data="control",
        region="XX",
        processes=processes,
        owner="control",
        announced_on=(now - (notice + 1) * _DAY).date(),
        engaged_on=(now - _DAY).date(),
        hosts=("control.invalid",),
    )


def _transfers(bench: Bench, supplier: Supplier) -> places.Transfers:
    row = Destination(purpose=Purpose.WEBHOOK, host="control.invalid", port=443)
    return places.Transfers((supplier,), (), frozenset({"GB"}), Register([row]), bench.clock())


@asynccontextmanager
async def no_instrument(bench: Bench) -> AsyncIterator[places.Transfers]:
    """A processor abroad, and nothing that its transfer rests on."""
    yield _transfers(bench, _supplier(bench))


@asynccontextmanager
async def day_29(bench: Bench) -> AsyncIterator[places.Transfers]:
    """A processor engaged a day too early."""
    yield _transfers(bench, _supplier(bench, notice=29))


@asynccontextmanager
async def talking_software(bench: Bench) -> AsyncIterator[places.Transfers]:
    """A maker of software that the register of ways out reaches."""
    yield _transfers(bench, _supplier(bench, processes=False))


@asynccontextmanager
async def open_register(bench: Bench) -> AsyncIterator[Register]:
    """A register that lets webhooks go anywhere."""
    del bench
    yield Register([Destination(purpose=Purpose.WEBHOOK, host="*", port=0)])


@asynccontextmanager
async def undeclared_register(bench: Bench) -> AsyncIterator[Register]:
    """A register with a row whose region nobody named."""
    del bench
    yield Register([Destination(purpose=Purpose.RELAY, host="relay.control.invalid", port=25)])


def _storage(region: str, where: str, setting: str) -> places.Storage:
    row = Store(setting=setting, holds="control", region=region, owner="control")
    return places.Storage({"blobs.url": where}, (row,), frozenset({"GB"}))


@asynccontextmanager
async def wrong_region(bench: Bench) -> AsyncIterator[places.Storage]:
    """A store in a region that is not allowed."""
    del bench
    yield _storage("XX", "here", "blobs.url")


@asynccontextmanager
async def unregistered_store(bench: Bench) -> AsyncIterator[places.Storage]:
    """A store that no register knows."""
    del bench
    yield _storage("GB", "here", "log.second")


@asynccontextmanager
async def far_store(bench: Bench) -> AsyncIterator[places.Storage]:
    """A store on another machine."""
    del bench
    yield _storage("GB", "bucket.control.invalid", "blobs.url")


@asynccontextmanager
async def unknown_role(bench: Bench) -> AsyncIterator[machine.Rights]:
    """A database role that is not published."""
    del bench
    published = Principal(kind="database", name="one", why="control", owner="control")
    yield machine.Rights(("one", "intruder"), (), (published,))


def _staff(bench: Bench) -> machine.Staff:
    long_ago = datetime(2019, 7, 29, tzinfo=UTC).date()
    row = Member(
        ref="control",
        role="control",
        trained_on=long_ago,
        signed_sha256="0" * 64,
        signed_on=long_ago,
        has_production=True,
    )
    return machine.Staff((row,), "1" * 64, bench.clock())


@asynccontextmanager
async def untrained(bench: Bench) -> AsyncIterator[machine.Staff]:
    """A member trained in 2019, who signed another policy."""
    yield _staff(bench)


@asynccontextmanager
async def history_with_key(bench: Bench) -> AsyncIterator[machine.Source]:
    """A repository whose first commit held a key that the second took away."""
    folder = bench.folder / "history"
    folder.mkdir()
    key = "AKIA" + "CONTROL0CONTROL0"  # nobody's: made of a word
    (folder / "settings.toml").write_text(f"key = '{key}'\n")
    if shutil.which("git") is None:
        yield machine.Source((folder,), None, ())
        return
    who = ("-c", "user.name=control", "-c", "user.email=control@control.invalid")
    await git.ask(folder, "init", "--quiet")
    await git.ask(folder, "add", ".")
    await git.ask(folder, *who, "commit", "-qm", "one")
    (folder / "settings.toml").write_text("key = ''\n")
    await git.ask(folder, *who, "commit", "-qam", "two")
    yield machine.Source((folder,), folder, ())
