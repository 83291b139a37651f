"""Policies that wait for a second person: list them, put one in force, refuse one."""

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from gatepost.app import administer
from gatepost.cli.admin import for_tenant, policies
from gatepost.cli.frame import AsJson, ForTenant, Refusal, show
from gatepost.ids import ProposalId, TenantId
from gatepost.journey import House
from gatepost.workbench import proposal, proposal_store, run_store
from gatepost.workbench.paper import (
    ChangedError,
    OutdatedError,
    Proposal,
    ProposalState,
    SamePersonError,
    SettledError,
    UnjudgedError,
)

LISTED_MAX = 100
Proposed = Annotated[str, typer.Argument(help="As gatepost policy proposals lists it.", metavar="ID")]


@policies.command("proposals")
def proposals(
    wanted: Annotated[str | None, typer.Argument(help="Show this one whole.", metavar="ID")] = None,
    *,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """List what waits for a second person; with ID, show it: what changes, the document, its replay, the digest."""
    if wanted is not None:
        typer.echo(json.dumps(for_tenant(tenant, lambda house, owner: _whole(house, owner, wanted)), indent=2))
        return

    async def work(house: House, owner: TenantId) -> list[dict[str, Any]]:
        async with house.db.transaction(owner) as tx:
            found = await proposal_store.page(tx, None, state=ProposalState.WAITING, limit=LISTED_MAX)
            return [_row(each, is_outdated=await proposal.is_outdated(tx, each)) for each in found]

    columns = ("proposal", "mailbox", "by", "at", "verdict", "why", "outdated")
    show(for_tenant(tenant, work), columns=columns, as_json=as_json, empty="nothing waits")


def _row(one: Proposal, *, is_outdated: bool) -> dict[str, Any]:
    return {
        "proposal": one.id,
        "mailbox": one.account,
        "by": one.proposed_by,
        "at": one.proposed_at.isoformat(timespec="seconds"),
        "verdict": one.verdict.value,
        "why": one.why,
        "outdated": "yes" if is_outdated else "",
        "digest": one.digest,
    }


async def _whole(house: House, owner: TenantId, wanted: str) -> dict[str, Any]:
    async with house.db.transaction(owner) as tx:
        found = await proposal_store.get(tx, ProposalId(wanted))
        if found is None:
            raise Refusal("there is no such proposal: gatepost policy proposals")
        replay = await run_store.get(tx, found.replay)
        is_outdated = await proposal.is_outdated(tx, found)
        before = await proposal.compared_with(tx, found)
    return {
        **_row(found, is_outdated=is_outdated),
        "state": found.state.value,
        "doubt": found.doubt,
        "mail": found.mail,
        "changes": [asdict(each) for each in proposal.changes(before, found.document)],
        "replay": None
        if replay is None
        else {
            "id": replay.id,
            "state": replay.as_of(house.clock())[0].value,
            "counts": {change.value: number for change, number in replay.counts.items()},
        },
        "policy": found.document,
    }


@policies.command("approve")
def approve(
    wanted: Proposed,
    digest: Annotated[str, typer.Option(help="As gatepost policy proposals ID prints it: what you say yes to.")],
    *,
    without_replay: Annotated[
        bool, typer.Option("--without-replay", help="Though nobody knows yet what it would have made of past mail.")
    ] = False,
    tenant: ForTenant = None,
) -> None:
    """Put a proposed policy in force, once its replay has ended. Whoever proposed it cannot."""
    made = _ruled(wanted, tenant, digest, without_replay=without_replay)
    typer.echo(f"version {made.version} is in force")


@policies.command("refuse")
def refuse(wanted: Proposed, tenant: ForTenant = None) -> None:
    """Refuse a proposed policy, or take back your own."""
    _ruled(wanted, tenant, None)
    typer.echo("refused")


def _ruled(wanted: str, tenant: str | None, digest: str | None, *, without_replay: bool = False) -> Proposal:
    async def work(house: House, owner: TenantId) -> Proposal:
        return await administer.rule_on_policy(house, owner, ProposalId(wanted), digest, without_replay=without_replay)

    try:
        return for_tenant(tenant, work)
    except LookupError as error:
        raise Refusal("there is no such proposal: gatepost policy proposals") from error
    except SamePersonError as error:
        raise Refusal("it was proposed from here: another person must approve it") from error
    except SettledError as error:
        raise Refusal("somebody ruled on it already") from error
    except ChangedError as error:
        raise Refusal("it is not what you saw: gatepost policy proposals ID, and name the digest it prints") from error
    except OutdatedError as error:
        raise Refusal("another version is in force than it was compared with: propose it again") from error
    except UnjudgedError as error:
        raise Refusal(
            f"its replay over past mail is {error.replay}, so nobody knows what it would change: wait until"
            " gatepost policy proposals ID shows it as done, or say --without-replay"
        ) from error
