"""One scan for many expressions: what it finds, and where it says that it cannot tell."""

import threading

import pytest

from gatepost.decide.guards.look import Look, has_folding_signs
from gatepost.mail.ends import CASELESS, hyperscan

needs_hyperscan = pytest.mark.skipif(hyperscan is None, reason="only Hyperscan looks for many at once")


@needs_hyperscan
def test_each_expression_that_occurs_is_named_once_by_its_id() -> None:
    look = Look.of({3: b"wire", 7: b"secret", 9: b"nowhere"}, CASELESS)
    assert look is not None
    assert look.found(b"WIRE the Secret wire") == {3, 7}
    assert look.found(b"") == set()


@needs_hyperscan
@pytest.mark.parametrize("spelled", [{}, {1: b"wire", 2: b"(open"}])
def test_nothing_is_compiled_of_none_or_of_what_is_refused(spelled: dict[int, bytes]) -> None:
    assert Look.of(spelled, CASELESS) is None


@needs_hyperscan
def test_whoever_comes_while_another_looks_is_told_nothing() -> None:
    look = Look.of({1: b"wire"}, CASELESS)
    assert look is not None
    with look._is_in_use:  # as a scan under way holds it
        told: list[set[int] | None] = []
        other = threading.Thread(target=lambda: told.append(look.found(b"wire")))
        other.start()
        other.join()
    assert told == [None]
    assert look.found(b"wire") == {1}


@pytest.mark.parametrize(
    ("text", "expected"), [("\u017fms", True), ("\u212aiosk", True), ("sms", False), ("\u00fc", False)]
)
def test_letters_that_only_case_makes_ascii_are_seen(text: str, expected: bool) -> None:  # noqa: FBT001  # parametrised
    assert has_folding_signs(text.encode()) is expected
