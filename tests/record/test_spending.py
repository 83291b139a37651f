"""An exhausted budget in the record."""

from decide.scene import NOON
from decide.test_grants import grant
from gatepost.decide.budget import Exhausted
from gatepost.decide.reasons import Reason
from gatepost.record import spending
from gatepost.record.entry import consequence_draft
from gatepost.record.paper import Kind


def test_the_entry_says_which_budget_and_how_far_it_is_spent() -> None:
    found = Exhausted(Reason.BUDGET_PER_DAY, 100, 95)
    said = spending.exhausted(grant(), found, wanted=6, actor="ky_agent", at=NOON)
    assert (said.kind, said.action, said.email) == (Kind.USAGE, "budget.exhausted", "em_1")
    leaf = b"".join(consequence_draft(grant().tenant, said, entropy=bytes).pieces).decode()
    for part in ('"outcome":"budget_exhausted"', '"reason":"budget.per_day"', '"used":95', '"wanted":6'):
        assert part in leaf
