"""Hosted agents: on or off, what the agent of a mailbox is, and what its turns did and cost."""

import json
import sys
import tomllib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatepost import access
from gatepost.act import hosted
from gatepost.act.hosted import By
from gatepost.act.hosted.labels import Label
from gatepost.app import administer, model_key
from gatepost.app.administer import OPERATOR
from gatepost.cli.frame import AsJson, ForTenant, Refusal, one_of, read_settings, show, with_house
from gatepost.cli.menu import app
from gatepost.db import Transaction
from gatepost.ids import AccountId, TurnId
from gatepost.journey import House
from gatepost.settings import SettingsError

T = TypeVar("T")

agent = typer.Typer(help="Hosted agents, off until switched on.", no_args_is_help=True)
app.add_typer(agent, name="agent")

LISTED_MAX = 200

OfTurn = Annotated[str, typer.Argument(help="The turn: gatepost agent held.")]
OfDigest = Annotated[str, typer.Argument(help="Of tool and arguments, as gatepost agent held prints it.")]
OfMailbox = Annotated[int, typer.Argument(help="The mailbox's number: gatepost mailbox list.")]
Work = Callable[[House, Transaction], Awaitable[T]]


def _for_tenant(wanted: str | None, work: Work[T]) -> T:
    async def inside(house: House) -> T:
        owner = (await administer.find_tenant(house, wanted)).id
        async with house.db.transaction(owner) as tx:
            return await work(house, tx)

    try:
        return with_house(inside)
    except access.AccessError as error:
        raise Refusal(str(error)) from error
    except hosted.AgentError as error:
        raise Refusal(f"this is no agent: {error}") from error
    except hosted.OvertakenError as error:
        raise Refusal("somebody else set this agent just now: look at it, and try again") from error


def _switch(tenant: str | None, *, is_on: bool) -> None:
    async def work(house: House, tx: Transaction) -> bool:
        return await hosted.switch(tx, is_on=is_on, at=house.clock(), actor=OPERATOR, entropy=house.entropy)

    word = "on" if is_on else "off"
    typer.echo(f"hosted agents are {word}" if _for_tenant(tenant, work) else f"hosted agents were {word} already")


@agent.command()
def on(tenant: ForTenant = None) -> None:
    """Switch a tenant's hosted agents on: what its agents read leaves for the model's endpoint from now on."""
    _switch(tenant, is_on=True)


@agent.command()
def off(tenant: ForTenant = None) -> None:
    """Switch a tenant's hosted agents off, before the next call of a model."""
    _switch(tenant, is_on=False)


@agent.command()
def key(
    file: Annotated[Path, typer.Argument(help="A file with the key; - for standard input; an empty one forgets it.")],
) -> None:
    """Keep the key of the model's endpoint, wrapped; only the process that runs agents opens it."""
    text = (sys.stdin.read() if str(file) == "-" else _read(file)).strip()

    async def work(house: House) -> None:
        model_key.keep(read_settings().state, house.keyring, text)
        await administer.note_house(house, "agent.key", {})

    with_house(work)
    typer.echo("the key is kept" if text else "the key is forgotten")


@agent.command(name="set")
def set_(
    mailbox: OfMailbox,
    file: Annotated[Path, typer.Argument(help="As docs/agents.md describes one.")],
    tenant: ForTenant = None,
) -> None:
    """Put the agent of a TOML file in force for a mailbox, as a new version."""
    try:
        written = tomllib.loads(_read(file))
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{file} is not valid TOML: {error}") from error

    async def work(house: House, tx: Transaction) -> hosted.Agent:
        account = await _account(tx, mailbox)
        document = hosted.parse(written)
        return await hosted.put_agent(tx, account, document, at=house.clock(), actor=OPERATOR, entropy=house.entropy)

    made = _for_tenant(tenant, work)
    typer.echo(f"agent {made.id} of mailbox {mailbox} is at version {made.version}")


@agent.command()
def remove(mailbox: OfMailbox, tenant: ForTenant = None) -> None:
    """Take a mailbox's agent away; its versions stay."""

    async def work(house: House, tx: Transaction) -> hosted.Agent | None:
        return await hosted.remove_agent(
            tx, AccountId(mailbox), at=house.clock(), actor=OPERATOR, entropy=house.entropy
        )

    if _for_tenant(tenant, work) is None:
        raise Refusal("the mailbox has no agent")
    typer.echo("removed the agent")


@agent.command(name="list")
def list_(*, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a tenant's agents."""

    async def work(house: House, tx: Transaction) -> list[dict[str, Any]]:
        del house
        return [
            {
                "mailbox": one.account,
                "agent": one.id,
                "name": one.document.name,
                "version": one.version,
                "model": one.document.model,
                "tools": ", ".join(one.document.tools),
            }
            for one in await hosted.agents(tx)
        ]

    columns = ("mailbox", "agent", "name", "version", "model", "tools")
    show(_for_tenant(tenant, work), columns=columns, as_json=as_json, empty="no agent yet: gatepost agent set")


@agent.command()
def offers(server: Annotated[str, typer.Argument(help="An MCP server's name, as agents.tools declares it.")]) -> None:
    """Print what an MCP server offers now, as tables to accept it by: new, as accepted, or changed since."""
    from gatepost.app.mcp_offers import UnofferedError, offers  # noqa: PLC0415  # its library takes a second to load

    try:
        typer.echo(with_house(lambda house: offers(server, read_settings(), house)), nl=False)
    except (UnofferedError, SettingsError) as error:
        raise Refusal(str(error)) from error


@agent.command()
def accept(
    server: Annotated[str, typer.Argument(help="An MCP server's name, as agents.tools declares it.")],
    tool: Annotated[str, typer.Argument(help="The tool, as the server calls it.")],
    sha256: Annotated[str, typer.Argument(help="Of what it says of the tool now: gatepost agent offers.")],
) -> None:
    """Accept that an MCP server says something else of a tool: write its digest into the file agents.tools names."""
    from gatepost.app.mcp_offers import UnofferedError, accept_offer  # noqa: PLC0415  # as above

    try:
        with_house(lambda house: accept_offer(server, tool, sha256, read_settings(), house))
    except (UnofferedError, SettingsError) as error:
        raise Refusal(str(error)) from error
    typer.echo(f"accepted; the model still reads the description in {read_settings().agents.tools}. Restart the house.")


@agent.command()
def turns(mailbox: OfMailbox, *, limit: int = 20, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a mailbox's latest turns."""

    async def work(house: House, tx: Transaction) -> list[dict[str, Any]]:
        del house
        return [
            {
                "turn": row.id,
                "message": row.email,
                "state": row.state,
                "reason": row.reason,
                "label": Label(row.label).word,
                "began": row.began_at,
            }
            for row in await hosted.turns(tx, AccountId(mailbox), limit=limit)
        ]

    columns = ("turn", "message", "state", "reason", "label", "began")
    show(_for_tenant(tenant, work), columns=columns, as_json=as_json, empty="no turn yet")


@agent.command()
def held(mailbox: OfMailbox, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List a mailbox's calls that wait for a person, and the digest an approval is bound to."""

    async def work(house: House, tx: Transaction) -> list[dict[str, Any]]:
        del house
        return [
            {
                "turn": turn,
                "tool": step.tool,
                "why": step.reason,
                "arguments": json.dumps(step.content.get("arguments")),
                "until": hosted.lapses_at(step),
                "digest": hosted.digest_of(step),
            }
            for turn, _, step in await hosted.held_calls(tx, AccountId(mailbox), limit=LISTED_MAX)
        ]

    columns = ("turn", "tool", "why", "arguments", "until", "digest")
    show(_for_tenant(tenant, work), columns=columns, as_json=as_json, empty="nothing waits here")


@agent.command()
def approve(mailbox: OfMailbox, turn: OfTurn, digest: OfDigest, tenant: ForTenant = None) -> None:
    """Let exactly this call run, once. Grant and limits still hold for it."""
    _settle(mailbox, turn, digest, tenant, is_approved=True)


@agent.command()
def deny(mailbox: OfMailbox, turn: OfTurn, digest: OfDigest, tenant: ForTenant = None) -> None:
    """Deny a held call; the turn goes on, and the model is told."""
    _settle(mailbox, turn, digest, tenant, is_approved=False)


def _settle(mailbox: int, turn: str, digest: str, tenant: str | None, *, is_approved: bool) -> None:
    async def work(house: House, tx: Transaction) -> None:
        settled, _ = await hosted.settle_held(
            tx,
            AccountId(mailbox),
            TurnId(turn),
            digest=digest,
            is_approved=is_approved,
            actor=OPERATOR,
            at=house.clock(),
            entropy=house.entropy,
        )
        await house.jobs.enqueue(tx, hosted.promise(settled.email, settled.thread))

    try:
        _for_tenant(tenant, work)
    except hosted.NotHeldError:
        raise Refusal("no call waits under that digest: gatepost agent held") from None
    typer.echo("approved: it runs now" if is_approved else "denied")


@agent.command()
def usage(
    *,
    by: Annotated[By, typer.Option(help=one_of(By, "What to sum up by."), show_choices=False)] = By.DAY,
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=3_660)] = 30,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Sum up what was metered, and the calls of each tool, made of those asked for.

    A sender is shown by the token the database knows it by.
    """

    async def work(house: House, tx: Transaction) -> list[dict[str, Any]]:
        until = house.clock() + timedelta(seconds=1)
        since = until - timedelta(days=days)
        rows = await hosted.usage_by(tx, by, account=None, since=since, until=until, limit=1_000)
        names = [row.name for row in rows]
        tools = await hosted.tools_by(tx, by, account=None, since=since, until=until, names=names)
        return [
            {
                by.value: row.name,
                "calls": row.calls,
                "input": row.input,
                "output": row.output,
                "cached": row.cache_write + row.cache_read,
                "unsettled": row.unsettled,
                "usd": None if row.cost_microusd is None else f"{row.cost_microusd / 1_000_000:.4f}",
                "tools": ", ".join(f"{one.tool} {one.made}/{one.calls}" for one in tools if one.name == row.name),
            }
            for row in rows
        ]

    columns = (by.value, "calls", "input", "output", "cached", "unsettled", "usd", "tools")
    show(_for_tenant(tenant, work), columns=columns, as_json=as_json, empty="nothing was metered")


async def _account(tx: Transaction, mailbox: int) -> AccountId:
    found = await access.account(tx, AccountId(mailbox))
    if found is None:
        raise Refusal(f"there is no mailbox {mailbox}: gatepost mailbox list")
    return found.id


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read: {error}") from error
