"""Which versions a policy had, who made them and why, and the way back to one."""

import typer

from gatepost import decide
from gatepost.app import administer
from gatepost.cli.admin import OfVersion, PolicyFor, Why, for_tenant, policies, waits
from gatepost.cli.frame import AsJson, ForTenant, Refusal, show
from gatepost.ids import AccountId, TenantId
from gatepost.journey import House
from gatepost.workbench.paper import Proposal

_SIGNED = {True: "yes", False: "FORGED", None: "made before signatures"}


@policies.command("history")
def history(mailbox_id: PolicyFor, *, tenant: ForTenant = None, as_json: AsJson = False) -> None:
    """List the versions of a policy, newest first: who made each, why, and whether its signature holds.

    With --json also what is signed, by which key, and the signature (Base64),
    for whoever checks it with tools of their own.
    """

    async def work(house: House, owner: TenantId) -> list[dict[str, object]]:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox_id))
            return [
                {
                    "version": each.version.version,
                    "at": each.version.at.isoformat(timespec="seconds"),
                    "by": each.version.actor,
                    "signed": _SIGNED[each.is_genuine(tx.vault)],
                    "why": each.version.why,
                    "digest": each.version.digest if as_json else each.version.digest[:12],
                    **each.spelled()._asdict(),
                }
                for each in await decide.policy_history(tx, AccountId(mailbox_id))
            ]

    columns = ("version", "at", "by", "signed", "digest", "why")
    show(for_tenant(tenant, work), columns=columns, as_json=as_json, empty="none was ever set")


@policies.command("rollback")
def rollback(mailbox_id: PolicyFor, version: OfVersion, *, tenant: ForTenant = None, why: Why = "") -> None:
    """Put an earlier VERSION in force again, as a new version."""
    try:
        came = for_tenant(
            tenant,
            lambda house, owner: administer.roll_back_policy(house, owner, AccountId(mailbox_id), version, why=why),
        )
    except LookupError as error:
        raise Refusal(f"there is no version {version}: gatepost policy history {mailbox_id}") from error
    except decide.PolicyError as error:
        raise Refusal("this release cannot read that version:\n  " + "\n  ".join(error.errors)) from error
    if isinstance(came, Proposal):
        typer.echo(waits(came))
    else:
        typer.echo(f"version {came.version} is in force, the same as version {version}, digest {came.digest}")
