"""A database of the schema before anything was sealed: all of it is sealed, opens again, and lies nowhere in clear."""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import access, act, decide, domains, mailbox
from gatepost.app import seal
from gatepost.app.seal import seal_clear_rows
from gatepost.blobs import Blobs, address_of
from gatepost.clock import Entropy
from gatepost.db import Database
from gatepost.db.launcher import Cluster
from gatepost.db.migrate import MigrationError, migrate, migrations
from gatepost.deliver import store as deliver_store
from gatepost.ids import AccountId, EmailId, EntryId, SubmissionId, TenantId, WebhookId
from gatepost.keys import ErasedError, Keyring, KeyStore, Kind
from gatepost.keys.master import make_master, read_master
from gatepost.mail.address import Address
from gatepost.mailbox.body import object_path
from gatepost.record import store as record_store

TENANT = TenantId("tn_old")
AT = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
SMALL, LARGE = EmailId("em_small"), EmailId("em_large")
RAW = b"Subject: plantedsubject\r\n\r\nplantedbody\r\n"
BIG = b"Subject: big\r\n\r\n" + b"plantedlarge\r\n" * 6_000
OPENING = {
    "sender": {"salt": "x", "value": "Plantedboss@example.org"},
    "recipient": {"salt": "x", "value": "plantedagent@gatepost.test"},
}
PLANT = f"""
    insert into tenant values ('tn_old', 'plantedname', 'team', '2026-10-03 12:00Z');
    insert into account (tenant, address, address_key, is_postmaster, created_at)
      values ('tn_old', 'Plantedagent@gatepost.test', 'plantedagent@gatepost.test', false, now());
    insert into person
      values ('pe_1', 'tn_old', 'Plantedowner@gatepost.test', 'plantedowner@gatepost.test', 'owner', now());
    insert into api_key
      values ('ky_1', 'tn_old', sha256('x'), 'owner', '{{mail:read}}', null, 'plantedlabel', now());
    insert into domain (name, tenant, postmaster, added_at) values ('gatepost.test', 'tn_old', 1, now());
    insert into route values
      ('plantedagent@gatepost.test', 'tn_old', 'Plantedagent@gatepost.test', 'gatepost.test', 1);
    insert into policy values
      ('tn_old', 1, 1, 'digest', '{{"address": "plantedrule@example.org"}}', '{{plantedwarning}}', now(), 'ky_1');
    insert into email (tenant, id, account, thread, blob, size_octets, received_at, author, recipient, reply_to,
        subject, body_text, message_id, refs, is_proven, is_automatic, capabilities, verification)
      values ('tn_old', '{SMALL}', 1, 'th_small', '{address_of(RAW)}', 10, '2026-10-03 12:00Z',
        'Plantedboss@example.org', 'plantedagent@gatepost.test', '{{}}', 'plantedsubject', 'plantedbody',
        'plantedid@x', '{{}}', true, false, '{{}}', '{{"dkim": "pass"}}');
    insert into body values ('tn_old', '{SMALL}', '\\x{RAW.hex()}');
    insert into thread_message values ('tn_old', 1, sha256('plantedid@x'), 'th_small');
    insert into delivered_message values ('tn_old', 1, 'plantedboss@example.org', now(), '{SMALL}');
    insert into spent_token values ('tn_old', 1, 'plantedboss@example.org', 'th_small', now(), 5);
    insert into submission
        (tenant, id, email, answers, account, blob, author_domain, rcpt_to, submitted_at, due_at)
      values ('tn_old', 'su_1', 'em_out', '{SMALL}', 1, 'plantedhash', 'gatepost.test', 'plantedboss@example.org',
        '2026-10-03 12:00Z', now());
    insert into submission_claim values ('tn_old', 1, repeat('ab', 32), 'su_1', now());
    insert into decision_row values
      (1, 'tn_old', 1, '{SMALL}', null, null, 'inbound', 'deliver', 'delivered', 'r', '2026-10-03 12:00Z'),
      (2, 'tn_old', 1, '{LARGE}', null, null, 'inbound', 'deliver', 'delivered', 'r', '2026-10-03 12:00Z');
    insert into entry values
      (1, 'tn_old', 'decision', '2026-10-03 12:00Z', 'leaf'), (2, 'tn_old', 'decision', '2026-10-03 12:00Z', 'leaf');
    insert into opening select entry, tenant, 'op_' || entry, '{json.dumps(OPENING)}' from decision_row;
"""  # noqa: S608  # our own words
TEXTS = """
    select table_name, column_name from information_schema.columns
    where table_schema = 'public' and table_name <> 'schema_migration'
"""


@pytest.fixture
def old_dsn(cluster: Cluster, database_name: str) -> Iterator[str]:
    """The owner's way into a database as it was before storage was sealed."""
    name = f"{database_name}_old"
    dsn = cluster.dsn("gatepost_owner")
    with psycopg.connect(dsn.replace("dbname=gatepost", "dbname=postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        old = dsn.replace("dbname=gatepost", f"dbname={name}")
        with psycopg.connect(old, autocommit=True) as owner:
            owner.execute(
                "create table schema_migration (name text primary key, sha256 text not null,"
                " at timestamptz not null default now())"
            )
            for file, text in migrations():
                if file < "0090":
                    digest = hashlib.sha256(text.encode()).hexdigest()
                    owner.execute(text.encode())
                    owner.execute("insert into schema_migration (name, sha256) values (%s, %s)", [file, digest])
        yield old
        connection.execute(f"drop database {name} with (force)".encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys as an earlier release had them: a master key and nothing beside it."""
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    make_master(made / "master.key", os.urandom)
    return made


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs.open((tmp_path / "blobs").as_uri())


@pytest.fixture
async def step(old_dsn: str, folder: Path, blobs: Blobs) -> Any:
    """Plant a row in every table, and return what a start does before the last migration."""
    master = Keyring(read_master(folder / "master.key"), os.urandom)
    with psycopg.connect(old_dsn) as owner:
        owner.execute(PLANT.encode())
        wrapped = master.wrap("dkim/gp1._domainkey.gatepost.test", b"private")
        owner.execute(
            "insert into dkim_key values (%s, 'gatepost.test', 'gp1', 'rsa-sha256', %s, 'v=DKIM1', %s)",
            [TENANT, wrapped, AT],
        )
        owner.execute(
            "insert into webhook values (%s, 'wh_1', 1, 'https://plantedhook.example/plantedtoken', %s, %s)",
            [TENANT, master.wrap("webhook:wh_1", b"ab" * 32), AT],
        )
    await blobs.write(object_path(TENANT, LARGE), BIG)
    return partial(seal_clear_rows, folder=folder, blobs=lambda: blobs, entropy=os.urandom)


def everything(dsn: str) -> str:
    """Return all that any column of any table says."""
    said = []
    with psycopg.connect(dsn) as owner:
        for table, column in owner.execute(TEXTS).fetchall():
            query = f'select "{column}"::text from "{table}"'  # noqa: S608  # of our own schema
            said += [str(row[0]) for row in owner.execute(query.encode())]
    return "\n".join(said).lower()


def test_without_its_keys_a_database_with_clear_rows_is_refused(old_dsn: str, step: Any) -> None:
    del step
    with pytest.raises(MigrationError, match="not sealed yet: start this release with its key store"):
        migrate(old_dsn)


async def test_everything_is_sealed_and_opens_again(old_dsn: str, folder: Path, blobs: Blobs, step: Any) -> None:
    before = everything(old_dsn)
    assert before.count("planted") > 15
    assert seal.NAME in migrate(old_dsn, {seal.NAME: step})
    assert "planted" not in everything(old_dsn)
    keys = KeyStore.open(folder, os.urandom)
    app = old_dsn.replace("gatepost_owner", "gatepost_app")
    async with Database.open(app, keys) as db:
        await db.check_keys()
        assert [tenant.name for tenant in await access.list_tenants(db)] == ["plantedname"]
        agent = Address.parse("plantedagent@gatepost.test")
        found = await domains.route(db, agent)
        assert found is not None
        async with db.transaction(TENANT) as tx:
            account = await access.account_at(tx, agent)
            assert account is not None
            assert (found.account, account.address.local) == (account.id, "Plantedagent")
            assert [person.address.local for person in await access.list_people(tx)] == ["Plantedowner"]
            assert [key.label for key in await access.list_keys(tx)] == ["plantedlabel"]
            policy = await decide.get_policy(tx, AccountId(1))
            assert policy is not None
            assert (policy.document, policy.warnings) == (
                {"address": "plantedrule@example.org"},
                ["plantedwarning"],
            )
            email = await mailbox.find(tx, SMALL)
            assert email is not None
            assert (email.subject, email.author.local, email.verification) == (
                "plantedsubject",
                "Plantedboss",
                {"dkim": "pass"},
            )
            newcomer = mailbox.Newcomer(AccountId(1), EmailId("em_new"), "new@x", ("plantedid@x",))
            assert await mailbox.threads_for(tx, [newcomer]) == ["th_small"]
            opening = await record_store.opening(tx, EntryId(1))
            assert opening == OPENING
            submission = await deliver_store.by_id(tx, SubmissionId("su_1"))
            assert submission is not None
            assert (str(submission.rcpt_to), submission.blob) == ("plantedboss@example.org", "plantedhash")
            assert await deliver_store.holder(tx, AccountId(1), "ab" * 32, since=AT.replace(year=2025)) == "su_1"
            (webhook,) = await act.list_all(tx, AccountId(1))
            assert webhook.url == "https://plantedhook.example/plantedtoken"
            (signing,) = await domains.signing_keys(tx, "gatepost.test", keys.keyring)
            assert signing.private_der == b"private"
            secret = await tx.one("select wrapped_secret from webhook where id = %(id)s", id=WebhookId("wh_1"))
            assert keys.keyring.unwrap("webhook:wh_1", secret.wrapped_secret) == b"ab" * 32
            spent = await tx.one("select sender from spent_token")
            assert spent.sender == tx.vault.blind_text("sender", "plantedboss@example.org")
        assert await mailbox.read_body(db, blobs, TENANT, SMALL, address_of(RAW)) == RAW
        assert await mailbox.read_body(db, blobs, TENANT, LARGE, address_of(BIG)) == BIG
        assert b"planted" not in (await blobs.read(object_path(TENANT, LARGE)) or b"")
    keys.close()


async def test_an_author_of_old_mail_can_be_erased(old_dsn: str, folder: Path, blobs: Blobs, step: Any) -> None:
    migrate(old_dsn, {seal.NAME: step})
    keys = KeyStore.open(folder, os.urandom)
    assert keys.destroy(TENANT, Kind.SUBJECT, keys.subject_name(TENANT, "plantedboss@example.org")) == 1
    async with Database.open(old_dsn.replace("gatepost_owner", "gatepost_app"), keys) as db:
        async with db.transaction(TENANT) as tx:
            email = await mailbox.find(tx, SMALL)
            assert email is not None
            assert email.is_erased
            with pytest.raises(ErasedError):
                await record_store.opening(tx, EntryId(1))
        for name, octets in ((SMALL, RAW), (LARGE, BIG)):
            with pytest.raises(LookupError):
                await mailbox.read_body(db, blobs, TENANT, name, address_of(octets))
    keys.close()


class Cut(BaseException):
    """The process ends here."""


def lasting(draws: int) -> Entropy:
    """Return entropy that ends the process after so many draws."""
    left = iter(range(draws))

    def entropy(octets: int) -> bytes:
        if next(left, None) is None:
            raise Cut
        return os.urandom(octets)

    return entropy


def test_a_start_that_was_cut_off_anywhere_is_made_up_for(old_dsn: str, step: Any) -> None:
    cuts = 0
    for draws in range(1, 200):
        try:
            applied = migrate(old_dsn, {seal.NAME: partial(step, entropy=lasting(draws))})
        except Cut:
            cuts += 1
        else:
            assert seal.NAME in applied
            break
    assert cuts > 5
    assert "planted" not in everything(old_dsn)


def test_the_files_of_the_tables_are_written_anew(old_dsn: str, step: Any) -> None:
    """A column that was dropped, a row that was replaced: both would still lie on disk."""
    migrate(old_dsn, {seal.NAME: step})
    with psycopg.connect(old_dsn, autocommit=True) as owner:
        owner.execute("checkpoint")
        data = Path(str(owner.execute("show data_directory").fetchone()[0]))  # type: ignore[index]  # there is one
        names = owner.execute(
            "select pg_relation_filepath(oid) from pg_class where relkind in ('r', 'i', 't') and relfilenode <> 0"
        ).fetchall()
    files = [data / name for (name,) in names]
    assert sum(path.exists() for path in files) > 50
    assert [path for path in files if path.exists() and b"planted" in path.read_bytes().lower()] == []
