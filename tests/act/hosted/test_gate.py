from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from act.hosted.pieces import document, tool
from gatepost.act.hosted.gate import Standing, Verdict, Word, amount_of, judge
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Spent, ToolUse
from gatepost.act.hosted.tools import granted, toolbox

TOOLS = toolbox(
    [
        tool(),
        tool(
            "forward",
            schema={
                "type": "object",
                "properties": {"to": {"type": "array", "items": {"type": "string"}}},
                "required": ["to"],
            },
            bounds={"to": "recipients"},
        ),
        tool(
            "book",
            schema={"type": "object", "properties": {"calendar": {"type": "string"}}, "required": ["calendar"]},
            bounds={"calendar": "calendars"},
        ),
    ]
)
NAMES = ["pay", "forward", "book"]
LIMITS = {"recipients": ["boss@example.org", "*@office.example"], "calendars": ["work"], "amount_max": 100.0}
ALL = frozenset(f"http:{name}" for name in NAMES)


def standing(**changes: Any) -> Standing:
    given: dict[str, Any] = {
        "document": document(tools=NAMES, limits=LIMITS),
        "capabilities": ALL,
        "label": Label.SENDER,
        "approved": {},
        **changes,
    }
    return Standing(**given)


def word(name: str, arguments: dict[str, Any] | None, **changes: Any) -> tuple[Word, str]:
    verdict = judge(TOOLS, ToolUse("toolu_1", name, arguments), standing(**changes))
    return verdict.word, verdict.reason


def test_a_granted_call_within_its_limits_runs() -> None:
    assert word("pay", {"amount": 100}) == (Word.RUN, "tool.granted")


def test_what_the_operator_did_not_name_is_unknown() -> None:
    assert word("pay", {"amount": 1}, document=document(tools=["book"])) == (Word.REFUSE, "tool.unknown")
    assert word("wire", {"amount": 1}) == (Word.REFUSE, "tool.unknown")


def test_what_the_grant_does_not_cover_is_refused_and_not_offered() -> None:
    without = frozenset({"http:book"})
    assert word("pay", {"amount": 1}, capabilities=without) == (Word.REFUSE, "tool.not_granted")
    assert [one.name for one in granted(TOOLS, document(tools=NAMES), without)] == ["book"]


@pytest.mark.parametrize("arguments", [None, {}, {"amount": "1"}, {"amount": 1, "to": "x"}, {"amount": True}])
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any] | None) -> None:
    assert word("pay", arguments) == (Word.REFUSE, "arguments.invalid")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("pay", {"amount": 100.01}),
        ("pay", {"amount": -1}),
        ("forward", {"to": ["boss@example.org", "eve@evil.example"]}),
        ("forward", {"to": ["eve@office.example.evil.example"]}),
        ("forward", {"to": ["boss@example.org, eve@evil.example"]}),
        ("forward", {"to": ["<boss@example.org>\r\nBcc: eve@evil.example"]}),
        ("book", {"calendar": "private"}),
    ],
)
def test_arguments_beyond_the_operators_limits_are_refused(name: str, arguments: dict[str, Any]) -> None:
    assert word(name, arguments) == (Word.REFUSE, "arguments.outside_limits")


def test_many_small_amounts_are_no_way_around_the_limit() -> None:
    spent = Spent(turn=Decimal("66.6"))
    assert word("pay", {"amount": 33.4}, spent=spent) == (Word.RUN, "tool.granted")  # no cent is lost in between
    assert word("pay", {"amount": 33.41}, spent=spent) == (Word.REFUSE, "arguments.outside_limits")


@pytest.mark.parametrize(
    ("spent", "limits", "reason"),
    [
        (Spent(thread=Decimal(100)), {}, "limits.amount_per_thread"),
        (Spent(thread=Decimal(100)), {"amount_per_thread": 101}, ""),
        (Spent(sender=Decimal(100)), {}, "limits.amount_per_sender"),
        (Spent(sender=Decimal(100)), {"amount_per_sender_and_day": 101}, ""),
        (Spent(day=Decimal(10**9)), {}, ""),
        (Spent(day=Decimal(100)), {"amount_per_day": 100.5}, "limits.amount_per_day"),
        (Spent(), {"amount_per_day": 0.5}, "limits.amount_per_day"),
    ],
)
def test_what_other_turns_spent_counts(spent: Spent, limits: dict[str, float], reason: str) -> None:
    asked = word("pay", {"amount": 1}, spent=spent, document=document(tools=NAMES, limits={**LIMITS, **limits}))
    assert asked == ((Word.REFUSE, reason) if reason else (Word.RUN, "tool.granted"))


def test_what_amounts_to_nothing_exceeds_nothing() -> None:
    assert word("pay", {"amount": 0}, spent=Spent(sender=Decimal(1_000)))[0] is Word.RUN


def test_a_call_amounts_to_the_sum_of_its_amounts() -> None:
    both = tool("both", bounds={"amount": "amount_max", "fee": "amount_max", "to": "recipients"})
    assert amount_of(both, {"amount": 0.1, "fee": 0.2, "to": "x"}) == Decimal("0.3")
    assert amount_of(both, {"amount": 1}) == 1


def test_a_recipient_is_known_however_its_letters_are_cased() -> None:
    assert word("forward", {"to": ["BOSS@Example.ORG", "anyone@OFFICE.example"]})[0] is Word.RUN


def test_below_the_label_a_tool_accepts_a_person_is_asked() -> None:
    assert word("pay", {"amount": 1}, label=Label.ANYBODY) == (Word.ASK, "label.anybody")
    assert word("pay", {"amount": 1}, label=Label.OPERATOR)[0] is Word.RUN


def test_the_schedule_of_approval_asks_always_or_for_the_first_calls() -> None:
    always = document(tools=NAMES, limits=LIMITS, approval={"pay": "always"})
    assert word("pay", {"amount": 1}, document=always) == (Word.ASK, "approval.always")
    first = document(tools=NAMES, limits=LIMITS, approval={"pay": 2})
    assert word("pay", {"amount": 1}, document=first, approved={"pay": 1, "book": 9}) == (Word.ASK, "approval.first")
    assert word("pay", {"amount": 1}, document=first, approved={"pay": 2})[0] is Word.RUN


def test_no_approval_stands_in_for_a_grant() -> None:
    always = document(tools=NAMES, limits=LIMITS, approval={"pay": "always"})
    assert word("pay", {"amount": 1}, document=always, capabilities=frozenset())[0] is Word.REFUSE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.sampled_from([*NAMES, "reply", ""]),
    st.none() | st.dictionaries(st.sampled_from(["amount", "to", "calendar", "x"]), JSON),
)
def test_whatever_a_model_writes_the_gate_answers_and_runs_only_what_is_within_the_grant(
    name: str, arguments: dict[str, Any] | None
) -> None:
    verdict = judge(TOOLS, ToolUse("toolu_1", name, arguments), standing())
    assert isinstance(verdict, Verdict)
    if verdict.word is Word.REFUSE:
        return
    assert arguments is not None
    assert name in NAMES
    if name == "pay":
        assert 0 <= arguments["amount"] <= 100
    elif name == "book":
        assert arguments["calendar"] == "work"
    else:
        assert all(to.lower().endswith(("boss@example.org", "@office.example")) for to in arguments["to"])


def test_a_call_that_the_operators_words_say_runs_whatever_was_read() -> None:
    changes = {"label": Label.ANYBODY, "states": lambda tool, arguments: tool == "pay" and arguments["amount"] == 7}
    assert word("pay", {"amount": 7}, **changes) == (Word.RUN, "tool.granted")
    assert word("pay", {"amount": 8}, **changes) == (Word.ASK, "label.anybody")
    assert word("pay", {"amount": 700}, **{**changes, "states": lambda *_: True})[0] is Word.REFUSE
    assert word("pay", {"amount": 7}, **changes, capabilities=frozenset())[0] is Word.REFUSE
