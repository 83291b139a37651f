"""A house's record: real PostgreSQL, a real folder, a sequencer."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

import singly
from gatepost import record
from gatepost.blobs import Blobs
from gatepost.blobs.folder import Folder
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.keys import KeyStore
from gatepost.record.paper import Kind, Recorded
from gatepost.record.publish import Sequencer
from record.papers import TENANT, Hands, OpenKeyring, consequence, counting, inbound, outbound

ORIGIN = "log.house.example"


@pytest.fixture
async def own(app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    """The keeper's database."""
    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), keys) as database:
        yield database


@pytest.fixture
def entropy() -> Entropy:
    return counting()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> Blobs:
    return Blobs(Folder(folder))


@pytest.fixture
def second(tmp_path: Path) -> Blobs:
    return Blobs(Folder(tmp_path / "second"))


@pytest.fixture
def new_sequencer(db: Database, blobs: Blobs, second: Blobs) -> Callable[[], Sequencer]:
    """Make a sequencer as a house that has just started would; its entropy is seeded by how many there were."""
    made = iter(range(1_000_000, 10**9, 1_000_000))
    return lambda: Sequencer(db, blobs, second, OpenKeyring(), Hands(), counting(next(made)), ORIGIN)


@pytest.fixture
def sequencer(new_sequencer: Callable[[], Sequencer]) -> Sequencer:
    return new_sequencer()


@pytest.fixture
async def life(db: Database, sequencer: Sequencer, entropy: Entropy) -> list[Recorded]:
    """Five entries in the log: a decision, its reply with one attempt, tokens, and another decision."""
    async with db.transaction(TENANT) as tx:
        first = await singly.append(tx, inbound(1), entropy=entropy)
        email = first.arrived.email
        await singly.append(tx, outbound(2, answers=email), entropy=entropy)
        attempt = consequence(
            Kind.ATTEMPT, "attempt.accepted", email=email, public={"reply_code": 250}, object_ref="su_1"
        )
        await record.note(tx, attempt, entropy=entropy)
        usage = consequence(
            Kind.USAGE, "usage.reported", email=email, public={"tokens": 5}, private={"tools": ["calendar"]}
        )
        await record.note(tx, usage, entropy=entropy)
        second = await singly.append(tx, inbound(3), entropy=entropy)
    await sequencer.sequence(TENANT)
    return [first, second]


@pytest.fixture
async def grown(db: Database, sequencer: Sequencer, entropy: Entropy) -> int:
    """A log of 300 entries, published three times on the way."""
    size = 0
    for _ in range(3):
        async with db.transaction(TENANT) as tx:
            for _ in range(100):
                await record.note(tx, consequence(Kind.ACT, "policy.set"), entropy=entropy)
        size = await sequencer.sequence(TENANT)
    return size


@pytest.fixture
def tamper(owner_dsn: str) -> Callable[[str], None]:
    """Change something as a superuser would, behind the house's back; the change must hit a row."""

    def change(query: str) -> None:
        with psycopg.connect(owner_dsn) as connection:
            assert connection.execute(query.encode()).rowcount > 0

    return change
