"""What happened before, as conditions ask for it: SQL only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from msgspec import Struct
from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.db.column import bigints, texts, times
from gatepost.decide.paper import Mark
from gatepost.decide.store import blind_sender
from gatepost.ids import AccountId, EmailId
from gatepost.keys import Vault

REPLAY_WINDOW = timedelta(days=7)
"""How long a delivered message is known again."""


class Question(Struct, frozen=True, gc=False):
    """A message whose past is asked; ``references`` are the Message-IDs it answers."""

    account: AccountId
    mark: Mark
    references: tuple[str, ...]
    at: datetime


class Past(Struct, frozen=True, gc=False):
    """The three facts, as ``Facts`` has them."""

    is_first_time: bool
    is_replayed: bool
    answers_us: bool


class Delivered(Struct, frozen=True, gc=False):
    """A message that was let in; ``windows``: where it counts besides its author's own window."""

    account: AccountId
    mark: Mark
    email: EmailId
    at: datetime
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waits:
    """A message that waits for a person; ``author``: an address key, ``windows``: as of what was let in."""

    account: AccountId
    author: str
    email: EmailId
    at: datetime
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way out, to one of its recipients."""

    account: AccountId
    message_id: str
    recipient: str
    at: datetime


def _blind_mark(vault: Vault, mark: Mark) -> str:
    return vault.blind_text("mark", f"{mark.author}\n{mark.body_sha256}\n{mark.message_id}")


def _blind_id(vault: Vault, message_id: str) -> str:
    return vault.blind_text("sent", message_id)


def blind_window(vault: Vault, window: str) -> str:
    """Return what stands for a window that is not one author's."""
    return vault.blind_text("window", window)


async def recall(tx: Transaction, asked: Sequence[Question]) -> list[Past]:
    """Return each message's past, in the order asked.

    Each is a look-up of its own: for ``exists`` a plan of a young house reads all of the tenant's rows.
    """
    query = """
        select place,
          (select true from known_author as known
            where known.tenant = %(tenant)s and known.account = asked.account and known.author = asked.author
            limit 1) is null as is_first_time,
          (select true from delivered_message as known
            where known.tenant = %(tenant)s and known.account = asked.account
              and known.mark = asked.mark and known.at > asked.since
            limit 1) is not null as is_replayed,
          (select true from sent_message as known
            where known.tenant = %(tenant)s and known.account = asked.account
              and known.message_key = any(asked.ids) and known.recipient = asked.author
            limit 1) is not null as answers_us
        from jsonb_to_recordset(%(asked)s) as asked (
          place int, account bigint, author text, mark text, ids text[], since timestamptz)
        order by place
    """
    rows = [
        {
            "place": place,
            "account": one.account,
            "author": blind_sender(tx.vault, one.mark.author),
            "mark": _blind_mark(tx.vault, one.mark),
            "ids": [_blind_id(tx.vault, each) for each in one.references],
            "since": one.at - REPLAY_WINDOW,
        }
        for place, one in enumerate(asked)
    ]
    found = await tx.all(query, asked=Jsonb(rows, dumps=orjson.dumps))
    return [Past(row.is_first_time, row.is_replayed, row.answers_us) for row in found]


def add_delivered(tx: Transaction, delivered: Sequence[Delivered]) -> None:
    """Remember with the commit what was let in, and count it.

    When an author was last heard is written once a day, so that the accept path seldom changes a row.
    """
    query = """
        with given as (
          select * from unnest(%(accounts)s, %(authors)s, %(emails)s, %(times)s, %(marks)s)
            as given (account, author, email, at, mark)
        ), counted as (
          insert into delivered_message (tenant, account, sender, at, email, mark)
          select %(tenant)s, account, author, at, email, mark from given
        )
        select lookup_heard(array_agg(account), array_agg(author), array_agg(at))
        from given left join lateral (
          select last_at from known_author as known
          where known.tenant = %(tenant)s and known.account = given.account and known.author = given.author
          limit 1  -- each a look-up: else all authors of the tenant are read for each commit
        ) as known on true
        where known.last_at > given.at - interval '1 day' is not true having count(*) > 0
    """
    tx.send(
        query,
        accounts=bigints([one.account for one in delivered]),
        authors=texts([blind_sender(tx.vault, one.mark.author) for one in delivered]),
        emails=texts([one.email for one in delivered]),
        times=times([one.at for one in delivered]),
        marks=texts([_blind_mark(tx.vault, one.mark) for one in delivered]),
    )
    if any(one.windows for one in delivered):
        _add_counted(
            tx,
            [
                (one.account, blind_window(tx.vault, window), one.email, one.at)
                for one in delivered
                for window in one.windows
            ],
        )


def add_waiting(tx: Transaction, waiting: Sequence[Waits]) -> None:
    """Count with the commit what waits for a person; nothing was let in, so nobody is known by it."""
    _add_counted(
        tx,
        [
            (one.account, token, one.email, one.at)
            for one in waiting
            for token in (blind_sender(tx.vault, one.author), *(blind_window(tx.vault, each) for each in one.windows))
        ],
    )


async def uncount_waiting(tx: Transaction, email: EmailId) -> None:
    """Count a message no longer that waited; not for the role that takes mail, which changes nothing."""
    await tx.run("delete from counted_message where tenant = %(tenant)s and email = %(email)s", email=email)


def _add_counted(tx: Transaction, counted: Sequence[tuple[AccountId, str, EmailId, datetime]]) -> None:
    query = """
        insert into counted_message (tenant, account, counted_as, at, email)
        select %(tenant)s, account, window_, at, email from unnest(%(accounts)s, %(windows)s, %(emails)s, %(times)s)
          as given (account, window_, email, at)
    """
    tx.send(
        query,
        accounts=bigints([account for account, _, _, _ in counted]),
        windows=texts([token for _, token, _, _ in counted]),
        emails=texts([email for _, _, email, _ in counted]),
        times=times([at for _, _, _, at in counted]),
    )


def add_sent(tx: Transaction, sent: Sequence[Sent]) -> None:
    """Remember with the commit whom was written to."""
    query = """
        insert into sent_message (tenant, account, message_key, recipient, at)
        select %(tenant)s, account, message_key, recipient, at
        from unnest(%(accounts)s, %(ids)s, %(recipients)s, %(times)s) as given (account, message_key, recipient, at)
        on conflict do nothing
    """
    tx.send(
        query,
        accounts=bigints([one.account for one in sent]),
        ids=texts([_blind_id(tx.vault, one.message_id) for one in sent]),
        recipients=texts([blind_sender(tx.vault, one.recipient) for one in sent]),
        times=times([one.at for one in sent]),
    )


async def forget_counted(tx: Transaction, before: datetime) -> None:
    """Stop counting what was received before ``before``."""
    await tx.run("delete from counted_message where tenant = %(tenant)s and at < %(before)s", before=before)


async def forget_person(tx: Transaction, blinded: str, emails: Sequence[EmailId]) -> None:
    """Forget what was counted and remembered of a person, by ``blind_sender``, and of its mail. For the keeper."""
    for query in (
        "delete from spent_token where tenant = %(tenant)s and sender = %(person)s",
        "delete from delivered_message where tenant = %(tenant)s and sender = %(person)s",
        "delete from known_author where tenant = %(tenant)s and author = %(person)s",
        "delete from sent_message where tenant = %(tenant)s and recipient = %(person)s",
        "delete from token_reservation where tenant = %(tenant)s and sender = %(person)s",
    ):
        await tx.run(query, person=blinded)
    counted = """
        delete from counted_message
        where tenant = %(tenant)s and (counted_as = %(person)s or email = any(%(emails)s))
    """
    await tx.run(counted, person=blinded, emails=texts(emails))


async def forget_known(tx: Transaction, before: datetime) -> None:
    """Forget to whom mail went before then, and authors not heard since; as the keeper's role."""
    await tx.run("delete from known_author where tenant = %(tenant)s and last_at < %(before)s", before=before)
    await tx.run("delete from sent_message where tenant = %(tenant)s and at < %(before)s", before=before)
