"""Terms and the processing agreement: announce a version, let it apply, note what customers say, let who rejects go."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gatepost.app import administer, leaving
from gatepost.app.administer import OPERATOR
from gatepost.cli.frame import AsJson, Config, Refusal, show
from gatepost.cli.record import catch_up
from gatepost.cli.subprocessor import Customer, asked, operator_of
from gatepost.cli.trust import Folder, commands
from gatepost.journey import House
from gatepost.trust import agreeing, telling
from gatepost.trust.terms import Standing

terms = typer.Typer(help="Versions of the terms and of the agreement, and who accepted them.", no_args_is_help=True)
commands.add_typer(terms, name="terms")

Document = Annotated[str, typer.Option("--document", "-d", help="Its id in documents.toml.")]
Role = Annotated[str, typer.Option("--by-role", help="What whoever decided is to the customer; never a name.")]


@terms.command()
def announce(
    *,
    document: Document = "terms",
    reason: Annotated[str, typer.Option(help="Why, where no register says it.")] = "",
    decided_by: Annotated[str, typer.Option(help="The role that decided it.")] = "",
    operator: Folder = None,
    config: Config = None,
) -> None:
    """Announce the newest version and tell every customer, with why it is material or not."""
    change = agreeing.change_of(operator_of(operator, config), document, reason=reason, decided_by=decided_by)
    if change is None:
        raise Refusal(f"documents.toml has no text {document} of the kind terms or agreement")
    asked(lambda house: agreeing.announce(house, change), config)
    kind = "material: it may apply in thirty days of the log" if change.material else "not material"
    typer.echo(f"{document} {change.version} ({change.sha256}) is announced, {kind}")


@terms.command()
def enforce(*, document: Document = "terms", config: Config = None) -> None:
    """Let the announced version apply, if its notice is over and its day has come."""
    asked(lambda house: agreeing.enforce(house, document), config)
    typer.echo(f"{document} applies")


@terms.command("list")
def list_(*, config: Config = None, as_json: AsJson = False) -> None:
    """Show where every customer stands with every text put to it."""

    async def work(house: House) -> list[dict[str, Any]]:
        return [
            {
                "tenant": tenant.id,
                "document": put.change.document,
                "version": put.change.version,
                "standing": put.standing.value,
                "at": put.at or "",
                "sha256": put.change.sha256,
            }
            for tenant in await telling.customers(house.db)
            for put in await agreeing.put_to(house.db, tenant.id)
        ]

    columns = ("tenant", "document", "version", "standing", "at")
    show(asked(work, config), columns=columns, as_json=as_json, empty="nothing is put to anybody")


@terms.command()
def accept(
    sha256: Annotated[str, typer.Argument(help="Of the text that was signed.")],
    *,
    tenant: Customer,
    by_role: Role,
    document: Document = "terms",
    config: Config = None,
) -> None:
    """Note a customer's acceptance that came another way, such as on paper."""
    _say(document, tenant, Standing.ACCEPTED, sha256, by_role, config)


@terms.command()
def reject(
    sha256: Annotated[str, typer.Argument(help="Of the text that was rejected.")],
    *,
    tenant: Customer,
    by_role: Role,
    document: Document = "terms",
    config: Config = None,
) -> None:
    """Note a customer's rejection that came another way. What follows: `export`, then `close`."""
    _say(document, tenant, Standing.REJECTED, sha256, by_role, config)


@terms.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where to; it is made where there is none.")],
    *,
    tenant: Customer,
    document: Document = "terms",
    config: Config = None,
) -> None:
    """Write what a leaving customer takes along: every kept message, and the log with all proofs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)  # an attempt that was refused left an empty one
        if any(folder.iterdir()):
            raise Refusal(f"{folder} is not empty: name another folder")
    except OSError as error:
        raise Refusal(f"cannot write to {folder}: {error.strerror}") from error

    async def work(house: House) -> leaving.Taken:
        owner = await administer.find_tenant(house, tenant)
        await catch_up(house, owner.id)
        return await leaving.export(house, owner.id, document, folder)

    taken = asked(work, config)
    typer.echo(f"{taken.messages} messages and {taken.entries} entries; SHA-256 of the list of files: {taken.sha256}")


@terms.command()
def close(*, tenant: Customer, document: Document = "terms", config: Config = None) -> None:
    """Close a customer that rejected a text and has its export: no mail, no keys, no people. Its record stays."""

    async def work(house: House) -> None:
        owner = await administer.find_tenant(house, tenant)
        await leaving.close(house, owner.id, document)

    asked(work, config)
    typer.echo(f"{tenant} is closed")


@commands.command()
def instruct(
    text: Annotated[str, typer.Argument(help="What the customer instructed us to do.")],
    *,
    tenant: Customer,
    config: Config = None,
) -> None:
    """Note a customer's instruction that came another way, in its own record."""

    async def work(house: House) -> str:
        owner = await administer.find_tenant(house, tenant)
        return await agreeing.instruct(house, owner.id, text, actor=OPERATOR)

    typer.echo(asked(work, config))


def _say(document: str, tenant: str, standing: Standing, sha256: str, by_role: str, config: Path | None) -> None:
    async def work(house: House) -> None:
        owner = await administer.find_tenant(house, tenant)
        said = {"sha256": sha256, "actor": OPERATOR, "by_role": by_role}
        await agreeing.say(house, owner.id, document, standing, **said)

    asked(work, config)
    typer.echo(f"{document}: {standing}")
