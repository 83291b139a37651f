from hypothesis import given
from hypothesis import strategies as st

from decide.scene import dkim, evidence, policy, unproven
from gatepost.decide import proof
from gatepost.decide.proof import Proof
from gatepost.verify.paper import ArcSeal, ArcVerdict, DmarcVerdict, Result, SpfVerdict

TRUSTING = policy({"domain": "example.com", "assurance": {"arc": ["lists.example"]}}).rules[0]


def test_the_newest_seal_is_the_one_with_the_highest_instance_in_whatever_order_they_come() -> None:
    newest = ArcSeal(2, "LISTS.example", "s", claims_aligned=True)
    oldest = ArcSeal(1, "evil.example", "s", claims_aligned=False)
    for seals in ((newest, oldest), (oldest, newest)):
        assert proof.has_trusted_seal(unproven(arc=ArcVerdict(Result.PASS, seals)), TRUSTING)


def test_a_trusted_sealers_earlier_pass_counts_until_somebody_else_sealed_after_it() -> None:
    rule = policy({"domain": "example.com", "assurance": {"arc": ["lists.example", "gate.example"]}}).rules[0]
    listed = ArcSeal(1, "lists.example", "s", claims_aligned=True)
    gate = ArcSeal(2, "gate.example", "s", claims_aligned=False)
    stranger = ArcSeal(2, "evil.example", "s", claims_aligned=False)
    forged = ArcSeal(1, "evil.example", "s", claims_aligned=True)

    def is_proven(*seals: ArcSeal) -> bool:
        return proof.has_trusted_seal(unproven(arc=ArcVerdict(Result.PASS, seals)), rule)

    assert is_proven(listed, gate)
    assert not is_proven(listed, stranger)
    assert not is_proven(forged, gate)
    assert not is_proven(ArcSeal(1, "lists.example", "s", claims_aligned=False), gate)


@given(st.sampled_from([result for result in Result if result is not Result.PASS]), st.booleans(), st.booleans())
def test_nothing_but_a_pass_proves_anything(result: Result, is_aligned: bool, is_unsettled: bool) -> None:  # noqa: FBT001
    found = unproven(
        spf=SpfVerdict(result, "example.com", "mailfrom"),
        dkim=(dkim(result, is_aligned=is_aligned),),
        dmarc=DmarcVerdict(result, "example.com"),
        arc=ArcVerdict(result, (ArcSeal(1, "lists.example", "s", claims_aligned=True),)),
        is_unsettled=is_unsettled,
    )
    dmarc = policy({"domain": "example.com", "assurance": "dmarc"}).rules[0]
    proofs = [
        proof.of_assurance(found, TRUSTING),
        proof.of_assurance(found, dmarc),
        proof.of_dkim(found),
        proof.of_spf(found),
    ]
    assert Proof.PASS not in proofs


def test_without_an_author_neither_signature_nor_path_is_its_own() -> None:
    found = evidence(author=None, dkim=(), spf=SpfVerdict(Result.PASS, "example.com", "mailfrom"))
    assert (proof.of_dkim(found), proof.of_spf(found)) == (Proof.FAIL, Proof.FAIL)
