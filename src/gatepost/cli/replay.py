"""Decide a recorded decision once more, and say whether the same comes of it."""

from dataclasses import asdict
from typing import Annotated

import typer

from gatepost import access
from gatepost.app import administer
from gatepost.cli.frame import AsJson, ForTenant, Refusal, show, with_house
from gatepost.cli.menu import app
from gatepost.decide.replay import Verdict
from gatepost.ids import EmailId, EntryId
from gatepost.journey import House
from gatepost.workbench.again import Case, replay_entries

ENTRY_MAX = 2**63 - 1


@app.command()
def replay(
    entry: Annotated[str, typer.Argument(help="The number of an entry (`id` in the audit log), or a message's id.")],
    *,
    tenant: ForTenant = None,
    as_json: AsJson = False,
) -> None:
    """Decide once more, by the entry, its opening and the policy of that time.

    Ends with 0 where the same comes of it, 1 where something else does, 2 where
    that cannot be told.
    """
    is_number = entry.isascii() and entry.isdigit() and int(entry[:20]) <= ENTRY_MAX
    if not is_number and not entry.startswith("em_"):
        raise Refusal("name an entry by its number, or a message by its id (em_...)")

    async def work(house: House) -> list[Case]:
        owner = await administer.find_tenant(house, tenant)
        return await replay_entries(
            house,
            owner.id,
            entry=EntryId(int(entry)) if is_number else None,
            email=None if is_number else EmailId(entry),
        )

    try:
        cases = with_house(work)
    except access.AccessError as error:
        raise Refusal(str(error)) from error
    if not cases:
        raise Refusal("there is no such decision")
    rows = [
        {
            "entry": case.row.entry,
            "message": case.row.email,
            "recorded": case.row.reason,
            "verdict": case.replayed.verdict.value,
            "why": case.replayed.why,
            **({"again": asdict(case.replayed.again) if case.replayed.again else None} if as_json else {}),
        }
        for case in cases
    ]
    show(rows, columns=("entry", "message", "recorded", "verdict", "why"), as_json=as_json, empty="")
    found = {case.replayed.verdict for case in cases}
    raise typer.Exit(1 if Verdict.DIFFERENT in found else 2 if Verdict.UNDECIDABLE in found else 0)
