from gatepost.decide.fixture_language import FIXTURES, MAIL
from gatepost.decide.shape import Faults


def test_a_test_names_what_it_expects_and_a_slip_is_told_with_the_nearest_name() -> None:
    faults = Faults()
    FIXTURES([{"name": "a", "mail": {"form": "a@b.example"}, "expect": {}}], "tests", faults)
    assert faults.sentences == [
        "tests[0].mail.form is not a field; the nearest is from",
        "tests[0].expect must have at least 1 of: action, reason, rule, detail, capabilities, labels",
    ]


def test_a_mail_needs_only_its_author() -> None:
    faults = Faults()
    assert MAIL({"from": "A@B.example"}, "mail", faults) == {"from": "a@b.example"}
    assert faults.sentences == []
