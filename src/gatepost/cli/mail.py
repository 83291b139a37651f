"""Read kept mail: list it, search it, show one message."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from rich.text import Text

from gatepost import access, mailbox
from gatepost.access.paper import Account
from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.cli.table import terminal
from gatepost.db import Transaction
from gatepost.ids import EmailId
from gatepost.journey import House
from gatepost.keys import CursorError
from gatepost.mail.address import AddressError
from gatepost.mailbox.paper import Email

T = TypeVar("T")

mail = typer.Typer(help="Kept mail: list, search, show.", no_args_is_help=True)
app.add_typer(mail, name="mail")

InMailbox = Annotated[
    str | None, typer.Option("--mailbox", "-m", help="The mailbox's number or address, where there are several.")
]
Limit = Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")]
After = Annotated[str | None, typer.Option(help="Continue where a page ended: it prints from where.")]


def _in_mailbox(tenant: str | None, wanted: str | None, work: Callable[[Transaction, Account], Awaitable[T]]) -> T:
    async def inside(house: House) -> T:
        owner = await administer.find_tenant(house, tenant)
        async with house.db.transaction(owner.id) as tx:
            return await work(tx, _chosen(await access.list_accounts(tx), wanted))

    try:
        return with_house(inside)
    except (access.AccessError, AddressError, mailbox.QueryError, CursorError) as error:
        raise Refusal(str(error)) from error


def _chosen(accounts: Sequence[Account], wanted: str | None) -> Account:
    people = [one for one in accounts if not one.is_postmaster]
    found = [one for one in accounts if wanted in {str(one.id), str(one.address)}] if wanted else people
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{one.address} ({one.id})" for one in accounts)
    raise access.AccessError(f"name one mailbox with --mailbox: {names or 'there is none yet'}")


def _row(email: Email) -> dict[str, Any]:
    return {
        "id": email.id,
        "received": email.received_at,
        "from": str(email.author),
        "subject": email.subject,
        "thread": email.thread,
        "proven": email.is_proven,
    }


def _line(email: Email, subject: Text) -> Text:
    """Return one message on two lines: a stranger's words, so without their control characters."""
    sender = _plain(str(email.author))
    head = Text.assemble(f"{email.received_at:%Y-%m-%d %H:%M}  ", (sender, "bold"), "  ", (email.id, "dim"))
    return Text.assemble(head, "\n  ", subject)


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


def _marked(pieces: Sequence[mailbox.Piece]) -> Text:
    return Text.assemble(*((_plain(piece.text), "reverse" if piece.is_hit else "") for piece in pieces))


@mail.command("list")
def list_(
    *, box: InMailbox = None, limit: Limit = 20, after: After = None, tenant: ForTenant = None, as_json: AsJson = False
) -> None:
    """List kept mail, newest first."""

    async def work(tx: Transaction, account: Account) -> mailbox.Page:
        return await mailbox.page(tx, account.id, limit=limit, cursor=after)

    found = _in_mailbox(tenant, box, work)
    if as_json:
        show([_row(email) for email in found.emails], columns=(), as_json=True, empty="")
        return
    for email in found.emails:
        terminal.print(_line(email, Text(_plain(email.subject) or "(no subject)")))
    if found.after:
        typer.echo(f"more: --after {found.after}")
    elif not found.emails:
        typer.echo("no mail here")


@mail.command()
def search(
    words: Annotated[
        list[str], typer.Argument(help='Such as: lunch from:example.org "has:attachment". Not words: after --.')
    ],
    *,
    box: InMailbox = None,
    limit: Limit = 20,
    after: After = None,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Find mail by its words, newest first, the hits marked. The words of one argument stand side by side."""
    asked = " ".join(_quoted(word) for word in words)

    async def work(tx: Transaction, account: Account) -> tuple[mailbox.Query, mailbox.Found]:
        query = mailbox.parse_query(asked)
        return query, await mailbox.search(tx, account.id, query, limit=limit, cursor=after)

    query, found = _in_mailbox(tenant, box, work)
    if as_json:
        show([_row(email) for email in found.emails], columns=(), as_json=True, empty="")
        return
    for email in found.emails:
        terminal.print(_line(email, _marked(mailbox.marked(email.subject, query.marks))))
        terminal.print(Text.assemble("  ", _marked(mailbox.snippet(email.reading.human, query.marks))))
    if found.after:
        typer.echo(f"more: --after {found.after}")
    elif not found.emails:
        typer.echo("nothing found")
    if found.unindexed:
        typer.echo(f"{found.unindexed} messages wait to be indexed; they were looked through", err=True)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word and '"' not in word else word


@mail.command("show")
def show_(
    email_id: Annotated[str, typer.Argument(help="As gatepost mail list names it: em_...")],
    *,
    box: InMailbox = None,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Show one message with its text."""

    async def work(tx: Transaction, account: Account) -> Email | None:
        return await mailbox.get(tx, account.id, EmailId(email_id))

    email = _in_mailbox(tenant, box, work)
    if email is None:
        raise Refusal("there is no such message in this mailbox")
    if email.is_erased:
        raise Refusal("it was erased: its keys were destroyed, and nobody can read it any more")
    if as_json:
        show([{**_row(email), "text": email.reading.human}], columns=(), as_json=True, empty="")
        return
    proof = "proven" if email.is_proven else "not proven"
    for name, value in {
        "From": f"{email.author} ({proof})",
        "Shown as": email.from_shown,
        "To": str(email.recipient),
        "Subject": email.subject,
        "Received": f"{email.received_at:%Y-%m-%d %H:%M:%S} UTC",
        "Thread": email.thread,
        "Files": ", ".join(name or "(no name)" for name in email.file_names),
    }.items():
        if value:
            terminal.print(Text.assemble((f"{name + ':':10}", "bold"), _plain(value)))
    terminal.print(Text(f"\n{_plain(email.reading.human)}"))
