import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.arrive.paper import Direction
from gatepost.decide.paper import Disposition
from gatepost.mail.address import AddressError
from gatepost.record.entry import Draft, consequence_draft, decision_drafts
from gatepost.record.paper import Kind
from gatepost.record.vocabulary import VOCABULARY
from gatepost.record.words import WORDS_MAX, Found, found_in, party, terms_of, words_of
from record.papers import TENANT, consequence, counting, decision, inbound


def found(draft: Draft) -> Found:
    leaf = orjson.loads(b"%bnull%b1%b" % draft.pieces)
    return Found(leaf=leaf, opened={name: part["value"] for name, part in orjson.loads(draft.opening).items()})


def decided(**given: object) -> set[str]:
    (draft,) = decision_drafts(inbound(**given), thread=None, entropy=counting())  # type: ignore[arg-type]  # as inbound takes them
    return terms_of(found(draft))


def test_a_decision_is_found_by_its_facts_and_its_parties() -> None:
    assert {
        "kind:decision",
        "action:message.decided",
        "outcome:delivered",
        "reason:rule.matched",
        "mailbox:7",
        "from:boss@corp.example",
        "from:corp.example",
        "to:agent@house.example",
        "to:house.example",
        "any:boss",
        "any:192.0.2.7",
    } <= decided()


def test_a_domain_is_found_with_all_below_it_and_no_other() -> None:
    terms = decided(rcpt_to=("Agent@a.b.house.example",))
    assert {each for each in terms if each.startswith("to:")} == {
        "to:agent@a.b.house.example",
        "to:a.b.house.example",
        "to:b.house.example",
        "to:house.example",
    }


def test_a_guards_own_reason_is_found_as_the_mailbox_shows_it() -> None:
    terms = decided(decided=decision(detail="mentions payment"))
    assert {"reason:mentions payment", "any:payment"} <= terms


@pytest.mark.parametrize(("disposition", "is_settled"), [(Disposition.HOLD, False), (Disposition.REJECT, True)])
def test_a_hold_is_not_settled(disposition: Disposition, *, is_settled: bool) -> None:
    assert (f"settled:{Direction.INBOUND}" in decided(decided=decision(disposition=disposition))) == is_settled


def test_an_act_is_found_by_what_it_names() -> None:
    act = consequence(Kind.ACT, "key.add", private={"label": "Robin's laptop"}, object_ref="ky_9")
    terms = terms_of(found(consequence_draft(TENANT, act, entropy=counting())))
    assert {"action:key.add", "actor:ky_1", "object:ky_9", "any:robin", "any:laptop"} <= terms


def both_ways(draft: Draft) -> tuple[set[str], set[str]]:
    """Return the terms of an entry that is read as the indexer reads it, and of all of it."""
    quick = found_in(b"%bnull%b1%b" % draft.pieces, draft.opening)
    return terms_of(quick), terms_of(found(draft))


@pytest.mark.parametrize("disposition", list(Disposition))
def test_an_indexer_reads_all_of_a_decision_that_it_is_found_by(disposition: Disposition) -> None:
    given = inbound(decided=decision(disposition=disposition, detail="mentions payment"))
    (draft,) = decision_drafts(given, thread=None, entropy=counting())
    quick, whole = both_ways(draft)
    assert quick == whole


@pytest.mark.parametrize("action", [name for name, of in VOCABULARY.items() if of.kind is not Kind.DECISION])
def test_an_indexer_reads_all_of_what_is_no_decision(action: str) -> None:
    act = consequence(VOCABULARY[action].kind, action, object_ref="ky_9")
    quick, whole = both_ways(consequence_draft(TENANT, act, entropy=counting()))
    assert quick == whole


def test_an_indexer_reads_of_what_is_erased_what_its_leaf_says() -> None:
    (draft,) = decision_drafts(inbound(), thread=None, entropy=counting())
    quick = found_in(b"%bnull%b1%b" % draft.pieces, None)
    assert terms_of(quick) == terms_of(Found(leaf=found(draft).leaf, opened={}))


def test_what_is_erased_leaves_the_facts_alone() -> None:
    (draft,) = decision_drafts(inbound(), thread=None, entropy=counting())
    whole = found(draft)
    left = terms_of(Found(leaf=whole.leaf, opened={}))
    assert left < terms_of(whole)
    assert {each.partition(":")[0] for each in left}.isdisjoint({"from", "to", "any", "octets", "message-id"})
    assert "outcome:delivered" in left


def test_a_stranger_cannot_choose_more_words_than_count() -> None:
    few = [each for each in decided(helo="") if each.startswith("any:")]
    terms = decided(helo=" ".join(f"w{number}" for number in range(10_000)))
    assert len([each for each in terms if each.startswith("any:")]) <= len(few) + WORDS_MAX


def test_no_field_crowds_out_another() -> None:
    domain = ".".join(f"w{number}" for number in range(60)) + ".example"
    (draft,) = decision_drafts(inbound(helo="evader.example"), thread=None, entropy=counting())
    whole = found(draft)
    opened = {**whole.opened, "sender": f"x@{domain}", "mail_from": f"x@{domain}"}
    terms = terms_of(Found(leaf=whole.leaf, opened=opened))
    assert {"any:192.0.2.7", "any:evader", "any:agent", "any:w59"} <= terms


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=90))
def test_ascii_is_read_the_quick_way_into_the_same_words(text: str) -> None:
    assert decided(helo=f"{text} \N{LATIN SMALL LETTER E WITH ACUTE}") == decided(helo=text) | {"any:e"}


@given(st.text(max_size=80))
def test_a_question_in_the_words_of_a_reason_finds_it(text: str) -> None:
    terms = decided(decided=decision(detail=text))
    assert {f"any:{word}" for word in words_of(text) if not word[:1].isdigit()} <= terms


@pytest.mark.parametrize(
    ("given", "asked"), [("Boss@Corp.Example", "boss@corp.example"), ("CORP.example.", "corp.example")]
)
def test_a_party_is_an_address_or_a_domain(given: str, asked: str) -> None:
    assert party(given) == asked


@pytest.mark.parametrize("given", ["", "@", "a b", "two@two@", "-", "x" * 300])
def test_what_is_neither_is_refused(given: str) -> None:
    with pytest.raises(AddressError):
        party(given)
