"""Papers that must be found out: overdue, unsigned, contradictory, invented, each with one fault."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from gatepost.blobs.mounts import Mount
from gatepost.egress import Destination, Purpose, Register
from gatepost.trust.bench import Bench
from gatepost.trust.checks import documents, page, places
from gatepost.trust.checks.outgoing import Outgoing
from gatepost.trust.controls.leaks import outgoing
from gatepost.trust.paper import Claim, ClaimClass, Outcome
from gatepost.trust.registers import (
    Contact,
    Control,
    Disclosure,
    Document,
    Duty,
    Entity,
    Store,
    Supplier,
)
from gatepost.trust.ways import WayOut

_ROLES = ("security", "privacy", "legal", "sales", "support")
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
async def strange_address(bench: Bench) -> AsyncIterator[documents.Roles]:
    """A text that names an address, in words and in no link, that is nobody's."""
    del bench
    rows = (Contact(role=each, address="one@control.invalid", purpose="control", owner="control") for each in _ROLES)
    yield documents.Roles((*rows,), {"control.md": "Write to another@control.invalid, please."})


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
async def vague(bench: Bench) -> AsyncIterator[page.Wording]:
    """A claim that says nothing, owned by nobody."""
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
async def mostly_words(bench: Bench) -> AsyncIterator[page.Standing]:
    """One claim that is measured, beside three on which there is a word."""
    del bench
    yield page.Standing((Outcome.PASS, Outcome.ATTESTED, Outcome.ATTESTED, Outcome.ATTESTED))


@asynccontextmanager
async def failing_duty(bench: Bench) -> AsyncIterator[page.Duties]:
    """A duty whose claim fails."""
    del bench
    row = Duty(id="control", law="control", duty="control", claims=("one",), owner="control")
    yield page.Duties((row,), {"one": Outcome.FAIL})


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
async def other_country(bench: Bench) -> AsyncIterator[places.Transfers]:
    """A processor that is said to be in one country, and by its row is in another."""
    yield replace(_transfers(bench, _supplier(bench)), where=frozenset({"GB"}))


@asynccontextmanager
async def talking_software(bench: Bench) -> AsyncIterator[places.Transfers]:
    """A maker of software that the register of ways out reaches."""
    yield _transfers(bench, _supplier(bench, processes=False))


@asynccontextmanager
async def open_register(bench: Bench) -> AsyncIterator[Outgoing]:
    """A register that was widened for webhooks: the operator says that customers name them, and opened all itself."""
    row = Destination(purpose=Purpose.WEBHOOK, host="*", port=0, region="GB", mechanism="control")
    said = WayOut(purpose="webhook", region="GB", mechanism="control", owner="control", by_customers=True)
    yield outgoing(bench, Register([row]), said)


@asynccontextmanager
async def undeclared_register(bench: Bench) -> AsyncIterator[Outgoing]:
    """A register with a row whose region nobody named."""
    yield outgoing(bench, Register([Destination(purpose=Purpose.RELAY, host="relay.control.invalid", port=25)]))


@asynccontextmanager
async def untransferred_register(bench: Bench) -> AsyncIterator[Outgoing]:
    """A register with a row that leads abroad, to somebody no transfer speaks of."""
    row = Destination(purpose=Purpose.BLOBS, host="store.control.invalid", port=443, region="XX", mechanism="control")
    yield outgoing(bench, Register([row]))


@asynccontextmanager
async def unnamed_register(bench: Bench) -> AsyncIterator[Outgoing]:
    """A register with a row that says everything but who is reached."""
    row = Destination(purpose=Purpose.RELAY, host="relay.control.invalid", port=25, region="GB", mechanism="control")
    yield outgoing(bench, Register([row]))


@asynccontextmanager
async def unlisted_supplier(bench: Bench) -> AsyncIterator[places.Transfers]:
    """A list of suppliers that leaves out somebody who is reached."""
    target = _transfers(bench, _supplier(bench))
    yield replace(target, register=Register([]), unnamed=("relay relay.control.invalid:25",))


def _storage(bench: Bench, region: str, where: str, setting: str) -> places.Storage:
    row = Store(setting=setting, holds="control", region=region, owner="control")
    return places.Storage({"blobs.url": where}, (row,), frozenset({"GB"}), bench.clock())


@asynccontextmanager
async def wrong_region(bench: Bench) -> AsyncIterator[places.Storage]:
    """A store in a region that is not allowed."""
    yield _storage(bench, "XX", "here", "blobs.url")


@asynccontextmanager
async def unregistered_store(bench: Bench) -> AsyncIterator[places.Storage]:
    """A store that no register knows."""
    yield _storage(bench, "GB", "here", "log.second")


@asynccontextmanager
async def far_store(bench: Bench) -> AsyncIterator[places.Storage]:
    """A store on another machine."""
    yield _storage(bench, "GB", "bucket.control.invalid", "blobs.url")


@asynccontextmanager
async def far_database(bench: Bench) -> AsyncIterator[places.Storage]:
    """A database that the settings call local, and that answers from another address."""
    yield replace(_storage(bench, "GB", "here", "blobs.url"), database=("192.0.2.1", "192.0.2.2"))


@asynccontextmanager
async def shared_folder(bench: Bench) -> AsyncIterator[places.Storage]:
    """A folder of ours that is another machine's share."""
    yield replace(_storage(bench, "GB", "here", "blobs.url"), mounts={"blobs": Mount("0:52", "nfs4")})
