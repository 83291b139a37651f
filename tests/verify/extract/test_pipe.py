from gatepost.verify.extract.pipe import HEAD, OUTCOMES
from gatepost.verify.paper import Extraction


def test_every_outcome_has_a_place_of_one_octet() -> None:
    assert {HEAD.unpack(HEAD.pack(7, OUTCOMES.index(one))) for one in Extraction} == {
        (7, at) for at in range(len(Extraction))
    }
