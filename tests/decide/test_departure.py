import json

from hypothesis import given
from hypothesis import strategies as st

from decide.scene import AGENT, BOSS, outbound
from gatepost.decide.departure import read, spell
from gatepost.decide.paper import Answered, Counted, Facts, Leaving
from gatepost.ids import EmailId
from gatepost.mail.address import Address

PEOPLE = [BOSS, AGENT, Address("ann", "other.example")]
people = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3)
counted = st.builds(Counted, st.integers(0, 9), st.integers(0, 9))
keys = people.map(lambda found: frozenset(each.key for each in found))
leavings = st.builds(
    Leaving,
    contacts=keys,
    thread=keys,
    others=st.none() | st.integers(0, 3),
    agent=counted,
    recipient=counted,
    domain=counted,
    replies=counted,
)
parents = st.builds(
    Answered,
    email=st.just(EmailId("em_parent")),
    author=st.sampled_from(PEOPLE),
    was_proven=st.booleans(),
    was_automatic=st.booleans(),
    reply_to=people.map(tuple),
)


@given(to=people, is_notice=st.booleans(), leaving=leavings, answered=st.none() | parents, is_sandboxed=st.booleans())
def test_all_that_can_change_the_decision_is_read_back(
    *, to: list[Address], is_notice: bool, leaving: Leaving, answered: Answered | None, is_sandboxed: bool
) -> None:
    message = outbound(to, is_notice=is_notice)
    facts = Facts(leaving=leaving, answered=answered, is_sandboxed=is_sandboxed)
    told = json.loads(json.dumps(spell(message.arrived, message.evidence, facts)))
    found = read(told, message.evidence, Facts())
    assert (found.envelope.rcpt_to, found.envelope.mail_from is None) == (tuple(to), is_notice)
    assert (found.facts.answered, found.facts.is_sandboxed) == (answered, is_sandboxed)
    recipients = {each.key for each in to}
    again = found.facts.leaving
    assert again.contacts == leaving.contacts & recipients  # of nobody else anything is told
    assert again.thread == leaving.thread & recipients
    counts = (leaving.others, leaving.agent, leaving.recipient, leaving.domain, leaving.replies)
    assert (again.others, again.agent, again.recipient, again.domain, again.replies) == counts
    assert found.evidence == message.evidence
