"""What waits for a person, at rest: tokens only."""

from collections.abc import Collection, Sequence

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.db.column import bigints, texts
from gatepost.decide.crowd import Whose
from gatepost.decide.paper import Waiting
from gatepost.ids import EmailId
from gatepost.keys import Vault


def _tokens(vault: Vault, whose: Whose) -> tuple[str, str]:
    author, domain = whose.author, whose.domain
    return author and vault.blind_text("waiting", author), domain and vault.blind_text("waiting", domain)


async def count(tx: Transaction, asked: Collection[Whose]) -> dict[Whose, Waiting]:
    """Count what waits of each, and let nobody else add to these mailboxes until the transaction ends; one round trip.

    The locks are taken in one order everywhere, and after those of ``store.count_windows``.
    """
    query = """
        select place, found.* from (
          select * from jsonb_to_recordset(%(asked)s) as given (place int, account bigint, author text, domain text)
          order by account, place
        ) as asked
        cross join lateral count_waiting(%(tenant)s, asked.account, asked.author, asked.domain) as found
    """
    places = list(asked)
    rows = []
    for place, one in enumerate(places):
        author, domain = _tokens(tx.vault, one)
        rows.append({"place": place, "account": one.account, "author": author, "domain": domain})
    return {
        places[row.place]: Waiting(row.of_author if places[row.place].author else 0, row.of_domain, row.of_mailbox)
        for row in await tx.all(query, asked=Jsonb(rows, dumps=orjson.dumps))
    }


def add(tx: Transaction, waiting: Sequence[tuple[EmailId, Whose]]) -> None:
    """Remember with the commit what waits from now on; what waits already does so once."""
    query = """
        insert into waiting_message (tenant, account, email, author, domain)
        select %(tenant)s, account, email, author, domain
        from unnest(%(accounts)s, %(emails)s, %(authors)s, %(domains)s) as given (account, email, author, domain)
        on conflict do nothing
    """
    tokens = [_tokens(tx.vault, whose) for _, whose in waiting]
    tx.send(
        query,
        accounts=bigints([whose.account for _, whose in waiting]),
        emails=texts([email for email, _ in waiting]),
        authors=texts([author for author, _ in tokens]),
        domains=texts([domain for _, domain in tokens]),
    )


async def remove(tx: Transaction, emails: Collection[EmailId]) -> None:
    """Forget what waits no more."""
    query = "delete from waiting_message where tenant = %(tenant)s and email = any(%(emails)s)"
    await tx.run(query, emails=texts(list(emails)))
