"""The comparison as a pure function: it names, and never raises; ``test_check`` tampers with a real house."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatepost.ids import EntryId, LeafIndex, TenantId, ThreadId
from gatepost.keys import ErasedError, KeyringError
from gatepost.ledger.merkle import leaf_hash
from gatepost.record.check_store import DECISION, Held, Stretch
from gatepost.record.compare import NOTHING, differences, doubtful
from gatepost.record.entry import consequence_draft, decision_drafts
from gatepost.record.erased import Erased
from gatepost.record.paper import Kind
from record.papers import TENANT, consequence, counting, decision, inbound

DRAFT = consequence_draft(
    TENANT, consequence(Kind.ACT, "webhook.add", private={"url": "https://bob.example"}), entropy=counting()
)
LEAF = b"%bnull%b12%b" % DRAFT.pieces


def row() -> Held:
    return Held(
        leaf_index=LeafIndex(3),
        entry=EntryId(12),
        leaf_hash=leaf_hash(LEAF),
        kind="act",
        at=DRAFT.at,
        opening_ref=DRAFT.opening_ref,
        opening=DRAFT.opening,
        is_erased=False,
        decision=None,
        consequence=(7, None, "act", "webhook.add"),
    )


def test_a_row_that_agrees_has_no_differences() -> None:
    assert [*differences(LEAF, row(), TENANT)] == []


def test_an_opening_that_was_erased_is_no_difference_and_one_that_is_gone_is() -> None:
    shut = row()._replace(opening=None, is_erased=True)
    assert [*differences(LEAF, shut, TENANT, Erased([{"detail": {"rule": "person", "entries": [[3, 3]]}}]))] == []
    for other in ({"rule": "person", "entries": [[4, 9]]}, {"rule": "plan", "through": 9}, {}):
        assert [*differences(LEAF, shut, TENANT, Erased([{"detail": other}]))] == [
            "entry 12: its opening is under a key that was destroyed, and no entry says that it had to go"
        ]
    assert [*differences(LEAF, row()._replace(opening=None), TENANT)] == ["entry 12: its opening is missing"]


def test_a_lost_key_is_not_called_destroyed_and_the_store_that_was_accepted_since_is_named() -> None:
    lost = row()._replace(opening=None, is_erased=True, is_lost=True)
    said = "entry 12: its opening is under a key that is lost: nobody destroyed it"
    assert [*differences(LEAF, lost, TENANT)] == [said]
    written = json.loads(LEAF)["ts"]
    before, after = (written.replace("2026", year) for year in ("2025", "2027"))
    assert [*differences(LEAF, lost, TENANT, Erased([], [(before, EntryId(5))]))] == [said]
    accepted = Erased([], [(after, EntryId(90)), (before, EntryId(5))])
    assert [*differences(LEAF, lost, TENANT, accepted)] == [
        f"{said}; entry 90 accepted an older key store since (keys.accept)"
    ]
    expired = Erased([{"detail": {"rule": "keys", "months": [written[:7]]}}])
    assert [*differences(LEAF, lost, TENANT, expired)] == [], "the log says that it had to go"


@pytest.mark.parametrize(
    "octets", [b"", b"{}", b"[]", b"null", b"\xff", LEAF + b" ", LEAF.replace(b'"c":{', b'"c":[]')]
)
def test_octets_that_are_no_leaf_of_ours_are_said_to_be(octets: bytes) -> None:
    assert [*differences(octets, row(), TENANT)] == ["leaf 3: it is no entry of ours"]


def test_a_leaf_of_another_tenant_or_number_is_named() -> None:
    assert [*differences(LEAF, row(), TenantId("tn_b"))] == ["leaf 3: it is entry 12, and the row says 12"]
    moved = row()._replace(entry=EntryId(13))
    assert [*differences(LEAF, moved, TENANT)] == ["leaf 3: it is entry 12, and the row says 13"]


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.floats(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_opening_whatever_was_written_there_raises(opening: Any) -> None:
    for written in (opening, {"url": opening}, {"url": {"salt": opening, "value": opening}}):
        assert differences(LEAF, row()._replace(opening=json.dumps(written).encode()), TENANT)


@given(st.binary())
def test_no_octets_of_an_opening_raise(octets: bytes) -> None:
    assert differences(LEAF, row()._replace(opening=octets), TENANT)


def stretch(of: Held, *, is_findable: bool = True) -> Stretch:
    """Return the same row as it is read beside others."""
    opened: dict[int, bytes | ErasedError | KeyringError] = {of.entry: ErasedError("")} if of.is_erased else {}
    if of.opening is not None:
        opened[of.entry] = of.opening
    return Stretch(
        places={of.leaf_index: of.entry},
        indexed=0,
        entries={} if of.leaf_hash is None else {of.entry: (of.entry, of.leaf_hash, of.kind, of.at)},
        openings={of.entry: (of.entry, of.opening_ref, b"")} if opened else {},
        opened=opened,
        decisions={} if of.decision is None else {of.entry: (of.entry, *of.decision)},
        consequences={} if of.consequence is None else {of.entry: (of.entry, *of.consequence)},
        words={},
        findable={of.entry} if is_findable else set(),
    )


def doubts(held: Stretch, octets: bytes = LEAF, tenant: TenantId = TENANT, erased: Erased = NOTHING) -> list[int]:
    return [*doubtful([octets], [leaf_hash(octets)], 3, held, tenant, erased)]


def test_nothing_is_in_doubt_where_all_agrees_and_everything_else_is() -> None:
    assert doubts(stretch(row())) == []
    assert doubts(stretch(row(), is_findable=False)) == [3]
    assert doubts(stretch(row()), tenant=TenantId("tn_b")) == [3]
    assert doubts(stretch(row())._replace(places={})) == [3]
    for octets in (b"", b"{}", LEAF + b" ", LEAF.replace(b'"c":{', b'"c" :{'), LEAF.replace(b'"seq":12', b'"seq":13')):
        assert (
            doubts(stretch(row()), octets)
            == doubts(stretch(row()._replace(leaf_hash=leaf_hash(octets))), octets)
            == [3]
        )
    for changed in (
        {"leaf_hash": None},
        {"leaf_hash": leaf_hash(LEAF + b" ")},
        {"kind": "decision"},
        {"at": DRAFT.at.replace(microsecond=7)},
        {"opening_ref": "op_another"},
        {"opening": DRAFT.opening + b" "},
        {"opening": b"{}"},
        {"decision": (None,) * 9},
        {"consequence": None},
        {"consequence": (8, None, "act", "webhook.add")},
    ):
        assert doubts(stretch(row()._replace(**changed))) == [3], changed


@pytest.mark.parametrize("told", [{"rule": "plan", "through": 4}, {"rule": "person", "entries": [[3, 3]]}])
def test_an_opening_whose_removal_is_in_the_log_leaves_no_doubt(told: dict[str, Any]) -> None:
    gone = stretch(row()._replace(opening=None))
    assert doubts(gone) == doubts(gone, erased=Erased([{"detail": {"rule": "plan", "through": 3}}])) == [3]
    assert doubts(gone, erased=Erased([{"detail": told}])) == []


def test_an_opening_that_opens_no_more_needs_more_than_the_end_of_a_plan() -> None:
    shut = stretch(row()._replace(opening=None, is_erased=True))
    assert doubts(shut, erased=Erased([{"detail": {"rule": "plan", "through": 9}}])) == [3]
    assert doubts(shut, erased=Erased([{"detail": {"rule": "person", "entries": [[3, 3]]}}])) == []


@given(st.binary())
def test_no_octets_of_an_opening_pass_without_doubt(octets: bytes) -> None:
    assert doubts(stretch(row()._replace(opening=octets))) == [3]


def decided() -> tuple[bytes, Held]:
    """Return a decision's leaf that says all it may say in clear, and what the tables hold of it."""
    wordy = replace(decision(), labels=("urgent",), tenant_policy_version=2)
    (draft,) = decision_drafts(inbound(decided=wordy), thread=ThreadId("th_a"), entropy=counting())
    leaf = b"%bnull%b12%b" % draft.pieces
    said = json.loads(leaf)
    return leaf, row()._replace(
        leaf_hash=leaf_hash(leaf),
        kind="decision",
        at=draft.at,
        opening_ref=draft.opening_ref,
        opening=draft.opening,
        decision=(said["account"], said["email"], *(said["decision"][name] for name in DECISION[2:-1]), draft.at),
        consequence=None,
    )


def test_a_decision_that_says_all_it_may_leaves_no_doubt_and_none_but_itself_in_doubt() -> None:
    octets, sound = decided()
    assert json.loads(octets)["decision"].keys() >= {"labels", "tenant_policy", "trace", "scans"}
    assert doubts(stretch(sound), octets) == []
    assert [*differences(octets, sound, TENANT)] == []
    for column in range(len(DECISION)):
        changed = tuple("other" if at == column else value for at, value in enumerate(sound.decision or ()))
        assert doubts(stretch(sound._replace(decision=changed)), octets) == [3]
        assert [*differences(octets, sound._replace(decision=changed), TENANT)] == [
            f"row of entry 12: decision_row.{DECISION[column]} is not what the leaf says"
        ]


@pytest.mark.parametrize("wrong", [{3}, {66}, {10, 11, 60}, set(range(3, 67))])
def test_of_many_leaves_those_are_in_doubt_that_disagree(wrong: set[int]) -> None:
    leaves, opened = [], {}
    for place in range(3, 67):
        draft = consequence_draft(TENANT, consequence(Kind.ACT, "webhook.add"), entropy=counting(100 * place))
        leaves.append(b"%bnull%b%d%b" % (*draft.pieces[:2], 1000 + place, draft.pieces[2]))
        opened[1000 + place] = (draft.opening_ref, draft.opening)
    numbers = dict(zip(range(3, 67), opened, strict=True))
    held = Stretch(
        places={place: EntryId(number) for place, number in numbers.items()},
        indexed=0,
        entries={
            number: (number, leaf_hash(octets), "act", DRAFT.at) for number, octets in zip(opened, leaves, strict=True)
        },
        openings={number: (number, ref, b"") for number, (ref, _) in opened.items()},
        opened={number: octets for number, (_, octets) in opened.items()},
        decisions={},
        consequences={
            number: (number, 7 if place not in wrong else 8, None, "act", "webhook.add")
            for place, number in numbers.items()
        },
        words={},
        findable=set(opened),
    )
    assert {*doubtful(leaves, [*map(leaf_hash, leaves)], 3, held, TENANT)} == wrong


@pytest.mark.parametrize(
    ("spelled", "doubted"),
    [(b"{}", []), (b'{"a":"AA=="}', []), (b'{"a" :"AA=="}', [3]), (b"7", [3]), (b'{"a":"A"}', [3])],
)
def test_commitments_that_nothing_opens_any_more_are_held_to_their_spelling(spelled: bytes, doubted: list[int]) -> None:
    head, _, rest = LEAF.partition(b'"c":{')
    octets = head + b'"c":' + spelled + rest.partition(b"}")[2]
    gone = stretch(row()._replace(opening=None, leaf_hash=leaf_hash(octets)))
    assert doubts(gone, octets, erased=Erased([{"detail": {"rule": "person", "entries": [[3, 3]]}}])) == doubted
