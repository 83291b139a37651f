"""Several patterns in one automaton of RE2's."""

from gatepost.decide.guards.swift import Swift


def test_all_that_are_found_are_told() -> None:
    swift = Swift(["wire", "(?i)MONEY$", "^a", r"\bb"])
    assert swift.found(b"a wire of Money") == {0, 1, 2}
    assert swift.found("\u00e9 bc".encode()) == {3}
    assert swift.found(b"") == set()


def test_none_of_none_is_found() -> None:
    assert Swift([]).found(b"text") == set()


def test_what_is_too_large_is_not_taken_for_absent() -> None:
    """RE2 says nothing at all then: not that there is no match."""
    large = [f"(?:[\\pL\\pN]{{40}}{number}){{20}}" for number in range(60)]
    assert Swift([*large, "wire"]).found(b"wire") in ({60}, None)
