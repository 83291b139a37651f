from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import EntryId, LeafIndex
from gatepost.record.canonical import canonical
from gatepost.record.entry import LEAF_MAX_OCTETS, consequence_draft
from gatepost.record.paper import Consequence, Kind
from gatepost.record.trust_log import TRUST, Stated
from gatepost.trust.leaf import VALUE_MAX_OCTETS, fact_of, shown_of
from gatepost.trust.paper import ClaimClass, Finding, Outcome, Result, failed
from record.papers import counting

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=60) | st.floats(-1e6, 1e6, width=32),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def result(value: Any) -> Result:
    return Result(
        claim="A45",
        claim_class=ClaimClass.PROBE,
        text_sha256="0" * 64,
        finding=Finding(outcome=Outcome.FAIL, value=value, unit="days", reason="certificate.expires"),
        checked_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        check_id="tls.floor",
        check_version="1" * 64,
        control=failed("control.failed_as_it_must", ["tls.old_version"] * 4),
    )


@given(values)
def test_any_value_fits_into_a_leaf_that_reads_back(value: Any) -> None:
    fact = fact_of(result(value))
    said = Consequence(
        kind=Kind.TRUST, action=fact.action, actor="house", at=fact.at, object_ref=fact.object_ref, public=fact.detail
    )
    draft = consequence_draft(TRUST, said, entropy=counting(), is_open=True)
    octets = b"%bnull%b12%b" % draft.pieces
    assert len(octets) <= LEAF_MAX_OCTETS
    leaf = orjson.loads(octets)
    assert canonical(leaf).encode() == octets
    assert leaf["c"] == {}  # nothing is hidden
    shown = shown_of(Stated(EntryId(12), LeafIndex(3), NOW, leaf["action"], leaf["object_ref"], leaf["detail"]))
    assert shown.result.finding.outcome is Outcome.FAIL
    assert shown.result.checked_at == NOW
    assert shown.result.control is not None


def test_a_value_too_long_is_cut_and_says_so() -> None:
    detail = fact_of(result("x" * (VALUE_MAX_OCTETS + 1))).detail
    assert isinstance(detail["value"], dict)
    assert set(detail["value"]) == {"cut"}
