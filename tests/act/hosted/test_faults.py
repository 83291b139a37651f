"""Each field of an agent's file, wrong: where, why, and what was meant."""

from typing import Any

import pytest

from act.hosted.pieces import DOCUMENT
from gatepost.act.hosted.agent import AgentError, Document, parse, read

WHOLE: dict[str, Any] = {**DOCUMENT, "tools": ["reply", "handover"]}


@pytest.mark.parametrize(
    ("changes", "path", "reason", "near"),
    [
        ({"name": 7}, "name", "must be text", None),
        ({"name": ""}, "name", "must have 1 characters or more", None),
        ({"instructions": "a" * 100_001}, "instructions", "must have at most 100000 characters", None),
        ({"instructions": "a\x00"}, "instructions", "must have no NUL and no lone surrogates", None),
        ({"model": "a model"}, "model", "must be 1 to 120 letters, digits and _ . : / -", None),
        ({"output_tokens_max": "4096"}, "output_tokens_max", "must be an integer; the nearest is 4096", "4096"),
        ({"output_tokens_max": 1.5}, "output_tokens_max", "must be an integer", None),
        ({"output_tokens_max": 10**9}, "output_tokens_max", "must be <= 64000", None),
        ({"tools": "reply"}, "tools", "must be a list", None),
        ({"tools": ["reply", "a b"]}, "tools[1]", "must be 1 to 120 letters, digits and _ . : / -", None),
        ({"tools": ["reply"] * 65}, "tools", "must have at most 64 items", None),
        ({"tool": ["reply"]}, "tool", "is not a field; the nearest is tools", "tools"),
        ({"approval": 1}, "approval", "must be a table", None),
        ({"approval": {"reply": "alwayss"}}, "approval.reply", None, "always"),
        ({"approval": {"reply": 0}}, "approval.reply", None, None),
        (
            {"approval": {"replly": "always"}},
            "approval.replly",
            "is not among its tools; the nearest is reply",
            "reply",
        ),
        ({"budget": []}, "budget", "must be a table", None),
        ({"budget": {"tokens_per_turns": 1}}, "budget.tokens_per_turns", None, "tokens_per_turn"),
        ({"budget": {"tokens_per_day": 0}}, "budget.tokens_per_day", "must be >= 1", None),
        ({"limits": {"recipient": []}}, "limits.recipient", None, "recipients"),
        ({"limits": {"recipients": [7]}}, "limits.recipients[0]", "must be text", None),
        ({"limits": {"amount_max": "ten"}}, "limits.amount_max", "must be a number", None),
        ({"limits": {"amount_max": -1}}, "limits.amount_max", "must be >= 0", None),
        ({"limits": {"strangers": "askk"}}, "limits.strangers", None, "ask"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_meant(
    changes: dict[str, Any], path: str, reason: str | None, near: str | None
) -> None:
    with pytest.raises(AgentError) as caught:
        parse({**WHOLE, **changes})
    [fault] = caught.value.faults
    assert (fault.path, fault.nearest) == (path, near)
    assert reason is None or fault.reason == reason
    assert near is None or near in fault.reason


@pytest.mark.parametrize("name", list(Document.model_fields))
def test_every_field_that_holds_nonsense_is_named(name: str) -> None:
    with pytest.raises(AgentError) as caught:
        parse({**WHOLE, name: None})
    assert [fault.path for fault in caught.value.faults] == [name]
    assert "does not fit" not in str(caught.value)


def test_a_person_may_be_asked_about_a_tool_the_agent_does_not_have_yet() -> None:
    assert parse({**WHOLE, "approval": {"pay": "always"}}).approval == {"pay": "always"}


def test_what_is_missing_is_named() -> None:
    with pytest.raises(AgentError) as caught:
        parse({})
    assert caught.value.errors == tuple(f"{name} must be given" for name in ("name", "instructions", "model"))


def test_no_value_is_repeated() -> None:
    with pytest.raises(AgentError) as caught:
        parse({**WHOLE, "model": "secret words here", "budget": {"tokens_per_day": "secret"}})
    assert "secret" not in str(caught.value)


def test_a_version_that_was_stored_once_is_read_for_ever() -> None:
    stored = Document(name="A", instructions="B", model="m", approval={"pay": "always"})
    assert read(stored.model_dump_json().encode()) == stored
