"""Policies as people write them: JSON and YAML say the same, and neither can hide anything."""

import json
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import override

from gatepost.decide.fixtures import read_fixtures
from gatepost.decide.grammar import schema
from gatepost.decide.language import PolicyError, parse
from gatepost.decide.written import WRITTEN_MAX_OCTETS, read_document

WRITTEN = """
# Who may write to the agent
defaultAction: bounce
workingHours: {timeZone: Europe/Berlin, days: [monday, friday], from: 08:30, to: "17:00"}
senders:
  - name: boss
    match: {address: boss@example.com}
    when: {workingHours: inside}
    expiresAt: 2027-01-31T18:00:00Z
    rateLimit: {perHour: 5}
contentGuards:
  - reject: '(?i)ignore\\s+previous'
    reason: no
auditLog:
  retentionDays: 30
"""


def said(written: bytes | str) -> str:
    with pytest.raises(PolicyError) as caught:
        read_document(written.encode() if isinstance(written, str) else written)
    return str(caught.value)


def test_a_policy_may_be_written_in_yaml() -> None:
    document: Any = read_document(WRITTEN.encode())
    assert document["workingHours"]["from"] == "08:30"
    assert document["contentGuards"][0]["reason"] == "no"
    policy, _ = parse(document, version=1)
    assert policy.digest == parse(read_document(json.dumps(document).encode()), version=1)[0].digest


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('{"a": 1, "a": 2}', "line 1: a must not stand twice in one object"),
        ('{"a": {"b": 1,\n "b": 1}}', "line 2: a.b must not stand twice in one object"),
        ('{"a": [0, {"b": [{"c": 1, "\\u0063": 1}]}]}', "line 1: a[1].b[0].c must not stand twice in one object"),
        ('{"a": "\\ud800", "b": 1, "b": 2}', "'b' must not stand twice in one object"),  # JSON, and no YAML
        ("a:\n- b: 1\n  b: 2\n", "line 3: a[0].b must not stand twice in one object"),
        ("a: 1\na: 2\n", "line 2: a must not stand twice in one object"),
        ("a: &x [1]\nb: *x\n", "line 2: aliases are not read: write the value out"),
        ("a: &x [*x]\n", "line 1: aliases are not read: write the value out"),
        ("<<: {a: 1}\n", "line 1: merge keys are not read"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1: tags are not read"),
        ("a: !!str 1\n", "line 1: tags are not read"),
        ("a: 1\n---\nb: 2\n", "line 2: only one document may stand here"),
        ("1: a\n", "line 1: a name must be text"),
        ("? [a]\n: b\n", "line 1: a name must be text"),
        ('{"a": 1,}', "line 1: "),
        ("a: [1\n", "line 2: "),
        ("a: b: c\n", "line 1: "),
        ("[" * 17 + "]" * 17 + " x", "line 1: a policy nests at most 16 deep"),
        (b"a: \xff", "policy must be UTF-8: octet 3 is not"),
        (
            b" " * (WRITTEN_MAX_OCTETS + 1),
            f"policy must be at most {WRITTEN_MAX_OCTETS} octets (1 MiB) as it is written",
        ),
    ],
)
def test_what_could_hide_something_is_refused_with_its_place(written: bytes | str, sentence: str) -> None:
    assert said(written).startswith(sentence)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ("NaN", "must be an integer"),
        ("-Infinity", "must be an integer"),
        ("9" * 5_000, "must be <= 36500"),
        ("-" + "9" * 5_000, "must be >= 1"),
    ],
)
def test_what_is_no_number_here_is_told_with_its_path(days: str, sentence: str) -> None:
    written = '{"defaultAction": "bounce", "senders": [], "auditLog": {"retentionDays": DAYS}}'.replace("DAYS", days)
    with pytest.raises(PolicyError) as caught:
        parse(read_document(written.encode()), version=1)
    assert caught.value.errors == [f"auditLog.retentionDays {sentence}"]


def test_a_number_that_readers_of_yaml_take_for_another_is_none() -> None:
    assert read_document(b"[010, 0o17, 0, -1, 10, 0x1F, 1_000, 8:00]") == [
        "010", "0o17", 0, -1, 10, "0x1F", "1_000", "8:00",
    ]  # fmt: skip


def test_an_abyss_of_json_is_no_crash() -> None:
    with pytest.raises(PolicyError):
        parse(read_document(b'{"a":' * 200_000 + b"1" + b"}" * 200_000), version=1)


def test_a_bomb_of_yaml_is_refused_at_once() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    began = time.process_time()
    assert "aliases" in said(bomb)
    said("{a: " * 300_000)
    said("- " * 300_000)
    assert time.process_time() - began < 5


PAGE = Path(__file__).parents[2] / "docs" / "policy.md"
BLOCKS = re.findall(r"```(?:json|yaml)\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_examples_of_the_policy_page_are_policies_and_tests_of_one() -> None:
    assert len(BLOCKS) == 3
    *policies, tests = [read_document(block.encode()) for block in BLOCKS]
    for document in policies:
        parse(document, version=1)
        jsonschema_rs.validator_for(schema()).validate(document)
    assert read_fixtures(tests)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=10,
)


@given(plain)
def test_json_comes_back_as_it_is(document: object) -> None:
    assert read_document(json.dumps(document).encode()) == document


@given(st.dictionaries(st.text("abc:#-no<>", min_size=1, max_size=5), plain, min_size=1))
@example({":": {"<<": None}, "<<": {"a": 1}})
def test_what_a_yaml_writer_says_is_what_is_read(document: dict[str, object]) -> None:
    class Plain(yaml.SafeDumper):
        @override
        def ignore_aliases(self, data: object) -> bool:  # as PyYAML calls it
            return True

    assert read_document(yaml.dump(document, Dumper=Plain).encode()) == document


@given(st.binary(max_size=60) | st.text("a:[]{}&*!|>-?,'\"\n #%@", max_size=60).map(str.encode))
def test_nothing_but_a_policy_error_comes_of_it(octets: bytes) -> None:
    with suppress(PolicyError):
        read_document(octets)
