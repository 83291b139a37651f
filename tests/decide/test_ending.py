from gatepost.decide.ending import refused, unproven
from gatepost.decide.paper import Disposition, Outcome
from gatepost.decide.reasons import Reason


def test_what_ends_at_a_gate_is_refused_in_the_session_and_grants_nothing() -> None:
    by_policy, by_evidence = refused(Reason.POLICY_MISSING), unproven(Reason.AUTHOR_MISSING)
    assert {by_policy.disposition, by_evidence.disposition} == {Disposition.REJECT}
    assert by_policy.outcome is Outcome.REJECTED_AT_POLICY
    assert by_evidence.outcome is Outcome.REJECTED_AT_VERIFICATION
    assert (by_policy.grant, by_evidence.grant) == (None, None)
