from dataclasses import replace

from decide.scene import policy
from gatepost.decide.shelf import Shelf


def test_a_policy_is_found_by_digest_as_the_version_asked_for() -> None:
    shelf, compiled = Shelf(), policy(version=1)
    assert shelf.take(compiled.digest, 1) is None
    shelf.put(compiled)
    assert shelf.take(compiled.digest, 1) is compiled
    assert shelf.take(compiled.digest, 5) == replace(compiled, version=5)


def test_the_policy_used_longest_ago_makes_room() -> None:
    shelf = Shelf(policies_max=2)
    first, second, third = (policy({"domain": f"{name}.example"}) for name in "abc")
    for compiled in (first, second):
        shelf.put(compiled)
    shelf.take(first.digest, 1)
    shelf.put(third)
    kept = [shelf.take(compiled.digest, 1) is not None for compiled in (first, second, third)]
    assert kept == [True, False, True]


def test_guards_are_counted_because_they_hold_memory() -> None:
    shelf = Shelf(guards_max=3)
    guards = [{"reject": "a", "reason": "r"}, {"reject": "b", "reason": "r"}]
    first, second = (policy({"domain": f"{name}.example"}, guards=guards) for name in "ab")
    shelf.put(first)
    shelf.put(first)
    shelf.put(second)
    assert shelf.take(first.digest, 1) is None
    assert shelf.take(second.digest, 1) is second


def test_one_policy_larger_than_the_shelf_is_kept_alone() -> None:
    shelf = Shelf(guards_max=1)
    large = policy(guards=[{"reject": "a", "reason": "r"}, {"reject": "b", "reason": "r"}])
    shelf.put(large)
    assert shelf.take(large.digest, 1) is large
