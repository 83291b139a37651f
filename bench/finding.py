"""Measure reading and searching one mailbox of 1,000,000 messages: times, plans, and what indexing a message costs.

The messages are written in bulk, by the tables' owner and with PostgreSQL's COPY; their tokens are those the indexer
gives, and the GIN index is built at the end. They are short: sixty words drawn from 20,000 by Zipf's law, in 5,000
different texts, each with a number of its own; 2,000 people write them. All is sealed as ever. What is then measured
is the house's own code, and the messages it opens: `mailbox.page`, `mailbox.thread`, `mailbox.search`.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

import psycopg
from msgspec.structs import replace

from gatepost import mailbox
from gatepost.app.process import settle_in
from gatepost.db import Database, Transaction
from gatepost.db.launcher import Cluster, find_binaries
from gatepost.db.migrate import migrate
from gatepost.ids import AccountId, BlobId, EmailId, TenantId, ThreadId
from gatepost.keys import KeyStore, Vault, cursor_of, timed
from gatepost.mail.address import Address
from gatepost.mail.reading import of_text
from gatepost.mailbox import store, word_store, words
from gatepost.mailbox.paper import Email

TENANT, ACCOUNT = TenantId("tn_bench"), AccountId(1)
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
PEOPLE, TEXTS, VOCABULARY, WORDS = 2_000, 5_000, 20_000, 60
RUNS = 9
PIECE = 20_000
AUTO_EXPLAIN = ("log_analyze", "log_nested_statements", "log_buffers")


def vocabulary() -> list[str]:
    """Return invented words, most frequent first."""
    draw = random.Random(1)  # noqa: S311  # letters, no secrets
    parts = ["ka", "lo", "mi", "ren", "sta", "tu", "ver", "zo", "pel", "dra", "fin", "gor"]
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        found["".join(draw.choices(parts, k=draw.randint(2, 4)))] = None
    return list(found)


class Letters:
    """The mail: the same for the same number, whatever was asked before."""

    def __init__(self) -> None:
        draw = random.Random(2)  # noqa: S311  # as above
        self.words = vocabulary()
        weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
        self._texts = [" ".join(draw.choices(self.words, cum_weights=weights, k=WORDS)) for _ in range(TEXTS)]
        self._subjects = [" ".join(draw.choices(self.words, cum_weights=weights, k=5)) for _ in range(TEXTS)]

    def letter(self, number: int) -> Email:
        """Return one letter; four make a thread."""
        draw = random.Random(number)  # noqa: S311  # as above
        person, subject, text = draw.randrange(PEOPLE), draw.randrange(TEXTS), draw.randrange(TEXTS)
        author = Address(f"person{person}", f"firm{person % 300}.example")
        return Email(
            id=EmailId(f"em_{number:016}"),
            account=ACCOUNT,
            thread=ThreadId(f"th_{number // 4:016}"),
            blob=BlobId("0" * 64),
            size_octets=5_000,
            received_at=BEGAN + timedelta(minutes=number),
            author=author,
            recipient=Address("agent", "bench.example"),
            reply_to=(),
            subject=self._subjects[subject],
            reading=of_text(f"{self._texts[text]} n{number}"),
            message_id=f"{number}@bench.example",
            references=(),
            is_proven=number % 10 > 0,
            is_automatic=number % 7 == 0,
            capabilities=(),
            verification={"dkim": "pass", "spf": "pass", "dmarc": "pass", "from_alignment": True},
            from_shown=f"Person <{author}>",
            to_shown="agent@bench.example",
        )


class Tokens:
    """The tokens the indexer would give; what many letters have in common is asked once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[object, frozenset[int]] = {}

    def of(self, email: Email) -> list[int]:
        """Return one letter's tokens."""
        text, _, number = email.reading.human.rpartition(" ")
        people = replace(email, subject="", reading=of_text(""))
        nobody = replace(people, author=Address("a", "b"), recipient=Address("a", "b"), from_shown="", to_shown="")
        parts = (
            (email.author, people),
            (email.subject, replace(nobody, subject=email.subject)),
            (text, replace(nobody, reading=of_text(text))),
        )
        found = {*word_store.tokens(self._vault.blinder, ACCOUNT, [f"any:{number}"])}
        return list(found.union(*(self._part(key, part) for key, part in parts)))

    def _part(self, key: object, part: Email) -> frozenset[int]:
        if key not in self._known:
            self._known[key] = frozenset(word_store.tokens(self._vault.blinder, ACCOUNT, words.terms_of(part.texts)))
        return self._known[key]


def fill(dsn: str, vault: Vault, letters: Letters, count: int) -> None:
    """Write the mail in bulk, and build the index over it."""
    tokens = Tokens(vault)
    with psycopg.connect(dsn) as owner:
        owner.execute("set synchronous_commit = off")
        owner.execute("set maintenance_work_mem = '1GB'")
        for table in ("email", "email_words"):
            owner.execute(f"alter table {table} no force row level security")
        owner.execute("drop index email_words_tokens")
        began = time.monotonic()
        for start in range(0, count, PIECE):
            emails = [letters.letter(number) for number in range(start, min(start + PIECE, count))]
            sealed = [store.sealed(vault, email) for email in emails]
            numbered = list(zip(range(start + 1, start + len(emails) + 1), emails, sealed, strict=True))
            _copy(
                owner,
                "email (seq, tenant, id, account, thread, size_octets, received_at, is_proven, is_automatic, sealed)",
                (
                    (
                        seq,
                        TENANT,
                        one.id,
                        ACCOUNT,
                        one.thread,
                        5_000,
                        one.received_at,
                        one.is_proven,
                        one.is_automatic,
                        octets,
                    )
                    for seq, one, octets in numbered
                ),
            )
            _copy(
                owner,
                "email_words (tenant, account, at, seq, email, sealed_under, tokens)",
                (
                    (TENANT, ACCOUNT, one.received_at, seq, one.id, octets[:17], tokens.of(one))
                    for seq, one, octets in numbered
                ),
            )
            print(f"{start + len(emails):9,} written after {time.monotonic() - began:.0f} s", file=sys.stderr)
        owner.execute(
            "create index email_words_tokens on email_words using gin (tokens) with (gin_pending_list_limit = 512)"
        )
        owner.execute("select setval(pg_get_serial_sequence('email', 'seq'), %s)", [count])
        for table in ("email", "email_words"):
            owner.execute(f"alter table {table} force row level security")
        owner.commit()
        owner.autocommit = True
        owner.execute("vacuum analyze email, email_words")
        print(f"index built after {time.monotonic() - began:.0f} s", file=sys.stderr)


def _copy(owner: psycopg.Connection[object], into: str, rows: Iterator[tuple[object, ...]]) -> None:
    with owner.cursor().copy(f"copy {into} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def questions(
    letters: Letters, count: int
) -> dict[str, Callable[[Transaction], Awaitable[mailbox.Found | mailbox.Page]]]:
    """Return what is measured, by name."""

    def listed(
        before: int | None = None, *, is_proven: bool | None = None
    ) -> Callable[[Transaction], Awaitable[mailbox.Found | mailbox.Page]]:
        def asked(tx: Transaction) -> Awaitable[mailbox.Found | mailbox.Page]:
            place = None if before is None else (before + 1).to_bytes(8, "big")
            cursor = None if place is None else cursor_of(tx.vault, f"mail/{ACCOUNT}/{is_proven}/None", place)
            return mailbox.page(tx, ACCOUNT, limit=50, cursor=cursor, is_proven=is_proven)

        return asked

    def searched(
        text: str, after: int | None = None
    ) -> Callable[[Transaction], Awaitable[mailbox.Found | mailbox.Page]]:
        def asked(tx: Transaction) -> Awaitable[mailbox.Found | mailbox.Page]:
            cursor = None
            if after is not None:
                place = timed(letters.letter(after).received_at, f"{after + 1:016x}")
                cursor = cursor_of(tx.vault, f"search/{ACCOUNT}/{text}", place)
            return mailbox.search(tx, ACCOUNT, mailbox.parse_query(text), limit=50, cursor=cursor)

        return asked

    said = letters.words
    return {
        "list, newest page": listed(),
        "list, page at a tenth from the oldest": listed(count // 10),
        "list, only unproven": listed(is_proven=False),
        "thread of four": lambda tx: mailbox.thread(tx, ACCOUNT, ThreadId(f"th_{count // 8:016}"), limit=50),
        "search, a word in one message": searched(f"n{count // 3}"),
        "search, a word in none": searched("nowhere"),
        "search, the commonest word": searched(said[0]),
        "search, a word in 1 of 100": searched(said[500]),
        "search, a word in 1 of 1,000": searched(said[6_000]),
        "search, two common words": searched(f"{said[0]} {said[1]}"),
        "search, a common and a rare word": searched(f"{said[0]} n{count // 3}"),
        "search, two words seldom together": searched(f"{said[1_000]} {said[1_500]}"),
        "search, a common word but not another": searched(f"{said[0]} -{said[1]}"),
        "search, from: an address": searched("from:person77@firm77.example"),
        "search, from: a domain": searched("from:firm77.example"),
        "search, a phrase": searched(f'"{said[0]} {said[1]}"'),
        "search, the commonest word, deep": searched(said[0], count // 10),
        "search, 1 of 1,000, deep": searched(said[6_000], count // 10),
        "search, one month": searched(f"{said[3]} after:2024-03-01 before:2024-04-01"),
    }  # fmt: skip


async def measure(
    db: Database, asked: dict[str, Callable[[Transaction], Awaitable[mailbox.Found | mailbox.Page]]], postmaster: int
) -> dict[str, float]:
    """Return the median of warm runs, in milliseconds, of each question with its transaction.

    Prints the least as well, and the CPU of both processes: what a busy machine changes least.
    """
    found: dict[str, float] = {}
    for name, ask in asked.items():
        runs: list[float] = []
        answer: mailbox.Found | mailbox.Page | None = None
        ours, theirs = 0.0, 0.0
        for number in range(RUNS + 2):
            if number == 2:  # noqa: PLR2004  # the first two warm up
                ours, theirs = time.process_time(), cpu_below(postmaster)
            began = time.perf_counter()
            async with db.transaction(TENANT) as tx:
                answer = await ask(tx)
            runs.append((time.perf_counter() - began) * 1_000)
        many = len(answer.emails) if answer else 0
        found[name] = round(statistics.median(runs[2:]), 1)
        cpu = (time.process_time() - ours) * 1_000 / RUNS, (cpu_below(postmaster) - theirs) * 1_000 / RUNS
        print(
            f"{name:42} {many:3} messages  median {found[name]:7.1f} ms  least {min(runs[2:]):7.1f}"
            f"  CPU {cpu[0]:.1f} + {cpu[1]:.1f}"
        )
    return found


def explain(dsn: str, vault: Vault, letters: Letters) -> None:
    """Print the plans PostgreSQL chose, as the serving role meets them, also inside `lookup_words`."""
    with psycopg.connect(dsn) as owner:
        owner.add_notice_handler(lambda notice: print(notice.message_primary))
        owner.execute("load 'auto_explain'")
        owner.execute("set client_min_messages = log")
        for name in AUTO_EXPLAIN:
            owner.execute(f"set auto_explain.{name} = on")
        owner.execute("set auto_explain.log_min_duration = 0")
        owner.execute("set role gatepost_app")
        owner.execute("select set_config('gatepost.tenant', %s, false)", [TENANT])
        page = (
            "select * from email where tenant = %s and account = %s and seq < 9e15::bigint order by seq desc limit 51"
        )
        owner.execute(page, [TENANT, ACCOUNT])
        owner.execute(
            "select * from email where tenant = %s and account = %s and thread = %s and seq > 0::bigint"
            " order by seq limit 51",
            [TENANT, ACCOUNT, f"th_{1:016}"],
        )
        for word in (letters.words[0], letters.words[6_000]):
            print(f"\n--- lookup_words: {'common' if word == letters.words[0] else 'rare'} word")
            tokens = word_store.tokens(vault.blinder, ACCOUNT, [f"any:{word}"])
            owner.execute(
                "select * from lookup_words(%s, %s::bigint[], '{}', '9999-01-01', 0, '0001-01-02', 51)",
                [ACCOUNT, tokens],
            )


async def index_fresh(db: Database, letters: Letters, count: int, fresh: int, postmaster: int) -> dict[str, float]:
    """Keep fresh mail and index it; return CPU milliseconds a message, ours and PostgreSQL's."""
    for start in range(count, count + fresh, 100):
        async with db.transaction(TENANT) as tx:
            await mailbox.keep_all(tx, [letters.letter(number) for number in range(start, start + 100)])
    ours, theirs = time.process_time(), cpu_below(postmaster)
    indexer = mailbox.Indexer(db)
    while await indexer.round():
        pass
    return {
        "index_cpu_ms": round((time.process_time() - ours) * 1_000 / fresh, 3),
        "index_postgres_cpu_ms": round((cpu_below(postmaster) - theirs) * 1_000 / fresh, 3),
    }


def cpu_below(parent: int) -> float:
    """Return CPU seconds of a process's living children and of those it has buried."""
    tick, total = os.sysconf("SC_CLK_TCK"), 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        if int(fields[1]) == parent:
            total += int(fields[11]) + int(fields[12])
        elif name.startswith(f"{parent} "):
            total += int(fields[13]) + int(fields[14])
    return total / tick


async def play(cluster: Cluster, keys: KeyStore, count: int, fresh: int, *, is_filled: bool) -> dict[str, float]:
    """Fill, measure, explain, index."""
    letters, vault = Letters(), keys.vault(TENANT)
    if not is_filled:
        await asyncio.to_thread(fill, cluster.dsn("gatepost_owner"), vault, letters, count)
        await keys.flush()
    with psycopg.connect(cluster.dsn("gatepost_owner")) as owner:
        sizes = owner.execute(
            "select pg_size_pretty(pg_total_relation_size('email')), pg_size_pretty(pg_table_size('email_words')),"
            " pg_size_pretty(pg_relation_size('email_words_tokens')), avg(cardinality(tokens))::int"
            " from email_words tablesample system (1)"
        ).fetchone()
    print(f"{count:,} messages: email {sizes[0]}, tokens {sizes[1]}, GIN {sizes[2]}, {sizes[3]} tokens a message")  # type: ignore[index]  # a row
    async with Database.open(cluster.dsn("gatepost_app"), keys) as db:
        postmaster = int((cluster_data(cluster) / "postmaster.pid").read_text().split("\n", 1)[0])
        settle_in()  # as a house that serves
        found: dict[str, float] = await measure(db, questions(letters, count), postmaster)
        if not is_filled:
            found |= await index_fresh(db, letters, count, fresh, postmaster)
    explain(cluster.dsn("gatepost_owner"), vault, letters)
    return found


def cluster_data(cluster: Cluster) -> Path:
    """Return where PostgreSQL's files lie."""
    with psycopg.connect(cluster.dsn("gatepost_owner")) as owner:
        row = owner.execute("show data_directory").fetchone()
    return Path(str(row[0] if row else ""))


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="messages in the mailbox")
    parser.add_argument("--fresh", type=int, default=2_000, help="messages to index one by one afterwards")
    parser.add_argument("--state", type=Path, help="a folder to keep it in; where it lies already, it is only asked")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gatepost-finding-", dir="/tmp") as folder:
        state = options.state or Path(folder)
        is_filled = (state / "keys").exists()
        (state / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
        state.chmod(0o755)
        cluster = Cluster(state, find_binaries(state))
        cluster.start()
        try:
            migrate(cluster.dsn("gatepost_owner"))
            keys = KeyStore.open(state / "keys", os.urandom)
            asking = play(cluster, keys, options.count, options.fresh, is_filled=is_filled)
            print(json.dumps(asyncio.run(asking)))
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
