"""The workbench: what a draft would have made of the last days' mail."""

from typing import Annotated, Any

import typer

from gatepost import decide
from gatepost.app import administer
from gatepost.cli.admin import PolicyFor, for_tenant, policies
from gatepost.cli.frame import AsJson, ForTenant, show
from gatepost.cli.policy import Draft, read_policy
from gatepost.cli.progress import bar
from gatepost.ids import AccountId, TenantId
from gatepost.journey import House
from gatepost.workbench.draft import CHANGES_MAX, Trial, replay_draft

DAYS_MAX = 3_650


_COLUMNS = ("entry", "received", "way", "from", "was", "would be", "subject")


def _said(disposition: str, reason: str, rule: str, terms: str = "") -> str:
    return f"{disposition}: {', '.join(part for part in (reason, rule, terms) if part)}"


@policies.command("replay")
def replay(
    mailbox_id: PolicyFor,
    file: Draft,
    *,
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, help="How far back.")] = 7,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Judge the last days' mail under FILE, and show each decision that would change.

    Refused mail is judged on the facts its entry holds. Where a guard would
    have to read a text that was not kept, that is counted apart. Ends with 1
    where something changes.
    """
    most = None if as_json else CHANGES_MAX
    draft, _ = read_policy(file, is_wide=mailbox_id == decide.TENANT_WIDE)

    async def work(house: House, owner: TenantId) -> Trial:
        async with house.db.transaction(owner) as tx:
            await administer.check_mailbox(tx, AccountId(mailbox_id))
        with bar("judging") as told:
            return await replay_draft(
                house, owner, AccountId(mailbox_id), draft, days=days, progress=told, changes_max=most
            )

    trial = for_tenant(tenant, work)
    rows: list[dict[str, Any]] = [
        {
            "entry": each.row.entry,
            "message": each.row.email,
            "received": each.row.received_at,
            "way": "out" if each.row.is_outbound else "in",
            "from": each.author,
            "was": _said(each.row.disposition, each.row.reason, each.tried.rule_then, each.tried.terms_then),
            "would be": _said(each.tried.disposition, each.tried.reason, each.tried.rule, each.tried.terms),
            "subject": each.subject,
        }
        for each in trial.changed
    ]
    if as_json:
        counts = {change.value: number for change, number in trial.counts.items()}
        show([{"counts": counts, "kinds": _kinds(trial), "changed": rows}], columns=(), as_json=True, empty="")
    else:
        show(rows, columns=_COLUMNS, as_json=False, empty="no decision would change")
        print_summary(trial)
    raise typer.Exit(1 if rows else 0)


def print_summary(trial: Trial) -> None:
    """Print what the rows come to, for whoever reads no thousand of them, and that there are more than are listed."""
    changed, kinds = sum(trial.kinds.values()), _kinds(trial)
    if changed > len(trial.changed):
        typer.echo(f"... and {changed - len(trial.changed)} more, later ones: --json lists all")
    if len(kinds) < changed:
        typer.echo()
        show(kinds, columns=("decisions", "was", "would be"), as_json=False, empty="")
        typer.echo()
    typer.echo(", ".join(f"{number} {change.value}" for change, number in trial.counts.items()))


def _kinds(trial: Trial) -> list[dict[str, Any]]:
    return [
        {"decisions": number, "was": _said(*kind.was), "would be": _said(*kind.would_be)}
        for kind, number in sorted(trial.kinds.items(), key=lambda each: (-each[1], each[0]))
    ]
