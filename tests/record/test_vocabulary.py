from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gatepost.record import vocabulary
from gatepost.record.canonical import UnrecordableError
from gatepost.record.entry import consequence_draft, decision_drafts
from gatepost.record.paper import Kind
from gatepost.record.vocabulary import (
    VOCABULARY,
    agents,
    check,
    keeping,
    mail,
    policies,
    private_fields,
    promises,
    reference,
    running,
    tenants,
)
from gatepost.record.vocabulary.mail import MessageDecided
from gatepost.record.vocabulary.said import Private, Said
from record.papers import TENANT, consequence, counting, inbound, least, outbound
from record.test_words import found

PAGE = Path(__file__).parents[2] / "docs" / "record.md"


@pytest.mark.parametrize("action", [name for name, of in VOCABULARY.items() if of.kind is not Kind.DECISION])
def test_the_least_an_action_tells_is_recorded_where_it_belongs(action: str) -> None:
    kind = VOCABULARY[action].kind
    draft = consequence_draft(TENANT, consequence(kind, action), entropy=counting())
    entry = found(draft)
    public, private = least(action)
    assert (entry.leaf["kind"], entry.leaf["action"]) == (kind, action)
    assert set(entry.leaf["detail"]) | set(entry.opened) == set(public) | set(private)
    assert private.keys() <= entry.opened.keys()


@pytest.mark.parametrize("decided", [inbound(), outbound(2, answers=inbound().arrived.email)])
def test_a_decision_tells_what_the_vocabulary_says(decided: object) -> None:
    (draft,) = decision_drafts(decided, thread=None, entropy=counting())  # type: ignore[arg-type]  # both are decided
    entry = found(draft)
    msgspec.convert({**entry.leaf["decision"], **entry.opened}, MessageDecided)
    assert private_fields(MessageDecided).isdisjoint(entry.leaf["decision"])


@pytest.mark.parametrize(
    ("kind", "action", "public", "private"),
    [
        (Kind.ACT, "policy.burn", {}, {}),  # no such action
        (Kind.USAGE, "policy.set", {"policy_version": 1}, {"policy_digest": "x"}),  # of another kind
        (Kind.ACT, "policy.set", {"policy_version": 1}, {}),  # something is missing
        (Kind.ACT, "policy.set", {"policy_version": "1"}, {"policy_digest": "x"}),  # of another type
        (Kind.ACT, "policy.set", {"policy_version": 1, "by": "x"}, {"policy_digest": "x"}),  # more than it tells
        (Kind.ACT, "webhook.add", {"url": "https://bob.example"}, {}),  # a private word in public
        (Kind.ACT, "policy.set", {}, {"policy_version": 1, "policy_digest": "x"}),  # a public one in private
    ],
)
def test_what_the_vocabulary_does_not_know_is_not_recorded(
    kind: Kind, action: str, public: dict[str, object], private: dict[str, object]
) -> None:
    given = replace(consequence(Kind.ACT, "mailbox.remove"), kind=kind, action=action, public=public, private=private)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(UnrecordableError) as refused:
        check(given)
    assert "bob" not in str(refused.value)


def test_every_file_of_the_vocabulary_is_read() -> None:
    folder = Path(vocabulary.__file__).parent
    families = {agents, keeping, mail, policies, promises, running, tenants}
    assert families == set(vocabulary.FAMILIES)
    assert {each.stem for each in folder.glob("*.py")} == {each.__name__.rpartition(".")[2] for each in families} | {
        "__init__",
        "said",
    }
    assert {each.__module__.rpartition(".")[0] for each in VOCABULARY.values()} == {vocabulary.__name__}


def test_a_private_field_is_known_by_its_mark() -> None:
    class Probe(Said, frozen=True, kw_only=True, tag="probe.made"):
        shown: str
        hidden: Private[str]

    assert private_fields(Probe) == {"hidden"}
    assert "probe.made" not in VOCABULARY  # which is what its files say, and not whoever makes a class


def test_every_kind_has_an_action_and_every_action_a_sentence() -> None:
    assert {of.kind for of in VOCABULARY.values()} == set(Kind) - {Kind.TRUST}
    assert all((of.__doc__ or "").strip().endswith(".") for of in VOCABULARY.values())


def test_the_page_is_the_vocabulary() -> None:
    """`gatepost log actions --markdown` prints what stands between the page's marks."""
    assert reference() in PAGE.read_text()
