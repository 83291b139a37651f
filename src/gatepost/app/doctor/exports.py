"""What the record is exported to: which destinations have stopped, lag behind, or would not take all."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from gatepost import access
from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.upkeep import siem
from gatepost.upkeep.siem import Standing

RUNNING, BEHIND, REFUSED = "exports.running", "exports.lag", "exports.refused"


async def look(db: Database, now: datetime) -> list[Finding]:
    """Return a finding for each thing that is wrong with a destination, or that all are well."""
    known = await siem.standings(db, now)
    names = {each.id: each.name for each in await access.list_tenants(db)}
    found = [finding for each in known for finding in _of(each, names)]
    return found or [ok(RUNNING, f"{len(known)} destinations of the record take what they are sent")]


def _of(one: Standing, names: Mapping[TenantId, str]) -> Iterator[Finding]:
    what = f"{one.kind} {one.id} of {names.get(one.tenant, one.tenant)}"
    if one.is_stopped:
        yield failure(RUNNING, f"{what} has stopped ({one.reason}), and {one.lag} entries wait", _way_on(one))
    elif one.lag_s > siem.BEHIND_S:
        why = f"the last attempt failed ({one.reason})" if one.failures else "it takes what it is sent"
        yield warning(
            BEHIND,
            f"{what} is {one.lag} entries behind, the first of them {one.lag_s / 60:.0f} minutes old: {why}",
            f"`gatepost export status {one.id} -t {one.tenant}`; docs/siem.md says what each reason means",
        )
    if one.letters or one.rejected:
        yield warning(
            REFUSED,
            f"{what} would not take {one.letters} entries, and {one.rejected} more that it did not name",
            f"`gatepost export status {one.id} -t {one.tenant}` has the reasons; then `gatepost export replay`",
        )
    if one.alert:
        yield warning(
            REFUSED,
            f"{what} took entries and something is wrong there nevertheless ({one.alert})",
            "see docs/siem.md for the code, and look at the receiver",
        )


def _way_on(one: Standing) -> str:
    again = f"`gatepost export test {one.id} -t {one.tenant}`"
    if one.reason == siem.ALL_REFUSED:
        return (
            f"correct the receiver's mapping or the URL's path, then {again}; where the entries themselves are to"
            f" blame, `gatepost export resume {one.id} -t {one.tenant} --past-refused` makes each a dead letter"
        )
    if one.reason.startswith("egress.refused"):
        return f"open the place in the operator's register (docs/egress.md) or change it, then {again}"
    return f"`gatepost export change` what the reason names (docs/siem.md has all of them), then {again}"
