import pytest

from gatepost.egress import EgressRefusedError, Errand, Purpose, Rule, UnreachableError
from gatepost.egress.knock import OPEN, UNREACHABLE, Asked, answered
from gatepost.ids import TenantId


@pytest.mark.parametrize("tenant", [None, TenantId("te_1")])
def test_what_is_asked_is_read_as_it_was_meant(tenant: TenantId | None) -> None:
    asked = Asked(Errand(Purpose.TOOL, "ag_1", tenant), "erp.example.com", 443, in_clear=False)
    assert Asked.read(asked.spelled()) == asked
    assert asked.spelled().count(b"\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}\n",
        b"[]\n",
        b'["model", "", null, "a", 1]\n',
        b'["model", "", null, "a", "1", false]\n',
        b'["lunch", "", null, "a", 1, false]\n',
        b'["model", "", 7, "a", 1, false]\n',
        b"\xff\n",
        b"[" * 4_000,
        b'["model", "", null, "a", 0, false]\n',
        b'["model", "", null, "a", 65536, false]\n',
    ],
)
def test_a_line_that_asks_for_nothing_is_no_question(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Asked.read(line)


def test_an_answer_is_open_or_says_why_not() -> None:
    answered(f"{OPEN}\n".encode())
    with pytest.raises(EgressRefusedError) as refused:
        answered(f"{Rule.PRIVATE}\n".encode())
    assert refused.value.rule is Rule.PRIVATE
    for line in (f"{UNREACHABLE}\n".encode(), b"", b"\xff\n"):
        with pytest.raises(UnreachableError):
            answered(line)
