"""Sub-processors: announce, hear objections, settle them, engage, withdraw. Each step is a leaf of the public log."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatepost import access
from gatepost.access.paper import Tenant
from gatepost.app import administer
from gatepost.app.administer import OPERATOR
from gatepost.cli.frame import AsJson, Config, Refusal, read_settings, show, with_house
from gatepost.cli.trust import Folder, commands, folder_of
from gatepost.journey import House
from gatepost.trust import engagement, notice, objection
from gatepost.trust.engagement import NotYetError
from gatepost.trust.operator import Operator, OperatorError, read_operator
from gatepost.trust.registers import Supplier

T = TypeVar("T")

suppliers = typer.Typer(help="A new sub-processor's way to its first byte.", no_args_is_help=True)
commands.add_typer(suppliers, name="subprocessor")

Id = Annotated[str, typer.Argument(help="Its id in suppliers.toml.", metavar="SUPPLIER")]
Customer = Annotated[str, typer.Option("--tenant", "-t", help="The customer's name or id.")]


def operator_of(operator: Path | None, config: Path | None) -> Operator:
    """Return what the operator's folder says."""
    try:
        return read_operator(folder_of(read_settings(config), operator))
    except OperatorError as error:
        raise Refusal("; ".join(error.faults)) from error


def asked(work: Callable[[House], Awaitable[T]], config: Path | None) -> T:
    """Do ``work`` on the house; what cannot be done now is one sentence."""
    try:
        return with_house(work, config)
    except NotYetError as error:
        raise Refusal(f"not now: {error.reason}") from error
    except access.AccessError as error:
        raise Refusal(str(error)) from error


def _supplier(identifier: str, operator: Path | None, config: Path | None) -> Supplier:
    found = operator_of(operator, config).supplier(identifier)
    if found is None:
        raise Refusal(f"suppliers.toml has no {identifier}")
    return found


@suppliers.command("list")
def list_(*, operator: Folder = None, config: Config = None, as_json: AsJson = False) -> None:
    """Show how far each has come by the log, and what objections are open."""
    known = operator_of(operator, config).suppliers

    async def work(house: House) -> list[dict[str, Any]]:
        cases = await engagement.read_all(house.db, known)
        return [
            {
                "id": each.id,
                "name": each.name,
                "state": notice.state(cases[each.id], each),
                "objections": len(cases[each.id].objections),
            }
            for each in known
            if each.processes
        ]

    columns = ("id", "name", "state", "objections")
    show(asked(work, config), columns=columns, as_json=as_json, empty="there is none")


@suppliers.command()
def announce(supplier: Id, *, operator: Folder = None, config: Config = None) -> None:
    """Announce it as suppliers.toml has it, and tell every customer. Thirty days run from the signed leaf on."""
    found = _supplier(supplier, operator, config)
    asked(lambda house: engagement.announce(house, found), config)
    typer.echo(f"{supplier} is announced, and every customer told; it may be engaged in thirty days of the log")


@suppliers.command("object")
def object_(supplier: Id, *, tenant: Customer, config: Config = None) -> None:
    """Note a customer's objection that came another way; print its reference."""

    async def work(house: House) -> str:
        return await objection.raise_(house, await _customer(house, tenant), supplier, actor=OPERATOR)

    typer.echo(asked(work, config))


@suppliers.command()
def alternative(
    supplier: Id,
    *,
    tenant: Customer,
    how: Annotated[str, typer.Option(help="What the customer was offered and has taken.")],
    config: Config = None,
) -> None:
    """Settle a customer's objection by another way for it."""
    _settle(supplier, tenant, "alternative", config, how)


@suppliers.command()
def exclude(supplier: Id, *, tenant: Customer, config: Config = None) -> None:
    """Settle a customer's objection by never sending its data there: egress refuses it from the next start on."""
    _settle(supplier, tenant, notice.EXCLUDED, config)


@suppliers.command("exit")
def exit_(supplier: Id, *, tenant: Customer, config: Config = None) -> None:
    """Settle a customer's objection by its leaving, with an export: see `gatepost trust terms export` and `close`."""
    _settle(supplier, tenant, "exit", config)


@suppliers.command()
def engage(supplier: Id, *, operator: Folder = None, config: Config = None) -> None:
    """Engage it, if its notice is over and no objection is open. Its hosts open at the next start."""
    found = _supplier(supplier, operator, config)
    asked(lambda house: engagement.engage(house, found), config)
    typer.echo(f"{supplier} is engaged")


@suppliers.command()
def withdraw(supplier: Id, *, config: Config = None) -> None:
    """Take back an announcement, or end an engagement, and tell every customer. Its hosts close at the next start."""
    asked(lambda house: engagement.withdraw(house, supplier), config)
    typer.echo(f"{supplier} is withdrawn")


def _settle(supplier: str, tenant: str, outcome: str, config: Path | None, how: str = "") -> None:
    async def work(house: House) -> str:
        return await objection.settle(house, await _customer(house, tenant), supplier, outcome, actor=OPERATOR, how=how)

    typer.echo(f"{asked(work, config)}: {outcome}")


async def _customer(house: House, wanted: str) -> Tenant:
    return await administer.find_tenant(house, wanted)
