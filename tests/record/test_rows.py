"""The join as a pure function; ``test_record`` sees it on PostgreSQL."""

import json

from gatepost.decide.paper import Grant, Step
from gatepost.ids import EntryId, LeafIndex
from gatepost.record.entry import Draft, consequence_draft, decision_drafts
from gatepost.record.paper import Kind
from gatepost.record.rows import audit_row, by_email
from gatepost.record.store import Written
from record.papers import TENANT, consequence, counting, decision, email_id, inbound


def written(draft: Draft, number: int = 1, *, is_erased: bool = False) -> Written:
    head, middle, tail = draft.pieces
    opening = None if is_erased else json.loads(draft.opening)
    return Written(EntryId(number), json.loads(b"%bnull%b%d%b" % (head, middle, number, tail)), opening, LeafIndex(0))


def test_an_erased_opening_leaves_a_row_without_persons() -> None:
    (draft,) = decision_drafts(inbound(), thread=None, entropy=counting())
    row = audit_row(written(draft, is_erased=True), ())
    assert (row.sender, row.recipient, row.mail_from, row.remote_address) == (None, "", None, None)
    assert (row.reason, row.size_octets, row.leaf_index) == ("rule.matched", len(inbound().arrived.raw), 0)


def test_what_found_no_room_in_the_leaf_shows_all_the_same() -> None:
    trace = tuple(Step(f"check:{number}", "no") for number in range(200))
    grant = Grant(("a capability with spaces", "b"), 4)
    (draft,) = decision_drafts(inbound(decided=decision(trace=trace, grant=grant)), thread=None, entropy=counting())
    row = audit_row(written(draft), ())
    assert (row.trace, row.grant) == (trace, grant)


def test_the_newest_of_several_replies_is_shown_with_their_number() -> None:
    (draft,) = decision_drafts(inbound(), thread=None, entropy=counting())
    replies = [
        consequence_draft(
            TENANT,
            consequence(
                Kind.REPLY, "reply.queued", email=email_id(1), public={"email": f"em_{at}"}, object_ref=f"su_{at}"
            ),
            entropy=counting(),
        )
        for at in (1, 2)
    ]
    row = audit_row(written(draft), [written(reply, 2) for reply in replies])
    assert isinstance(row.reply_sent, dict)
    assert (row.reply_sent["submission"], row.reply_sent["email"], row.reply_sent["count"]) == ("su_2", "em_2", 2)


def test_entries_are_grouped_by_their_email() -> None:
    drafts = [decision_drafts(inbound(number), thread=None, entropy=counting())[0] for number in (1, 2, 1)]
    grouped = by_email(written(draft) for draft in drafts)
    assert {email: len(found) for email, found in grouped.items()} == {email_id(1): 2, email_id(2): 1}
