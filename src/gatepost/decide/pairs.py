"""Which rule of a later document is which of an earlier one, so that one put before the others is one change. Pure."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from gatepost.decide.grammar import canonical

Member = Mapping[str, Any]
_Key = Callable[[Member], Hashable]


def pair(before: Sequence[Member], after: Sequence[Member]) -> dict[int, int]:
    """Return where each member of ``after`` that was there before stood then, by its place now.

    The same are those of one name; then those alike in all, or in all but the name; then those of one match or one
    pattern, unless both have names of their own; then what stands between the same neighbours, where it is as many as
    before.
    """
    stood: dict[int, int] = {}
    for key in _KEYS:
        _pair_by(key, before, after, stood)
    for ones, others in _gaps(len(before), len(after), stood):
        if len(ones) == len(others):
            stood |= {j: i for i, j in zip(ones, others, strict=True) if not _both_named(before[i], after[j])}
    return stood


def unmoved(stood: Mapping[int, int]) -> set[int]:
    """Return the most members, by their place now, that stand in the order they had: the others were moved."""
    lasts: list[int] = []  # the least earlier place at which an ordered row of each length ends
    ends: list[int] = []  # the later place of that
    back: dict[int, int | None] = {}
    for j in sorted(stood):
        length = bisect_left(lasts, stood[j])
        back[j] = ends[length - 1] if length else None
        lasts[length:] = [stood[j], *lasts[length + 1 :]]
        ends[length:] = [j, *ends[length + 1 :]]
    found: set[int] = set()
    at = ends[-1] if ends else None
    while at is not None:
        found.add(at)
        at = back[at]
    return found


def _pair_by(key: _Key, before: Sequence[Member], after: Sequence[Member], stood: dict[int, int]) -> None:
    taken = set(stood.values())
    free: dict[Hashable, deque[int]] = defaultdict(deque)
    for i, member in enumerate(before):
        if i not in taken:
            free[key(member)].append(i)
    free.pop(None, None)
    for j, member in enumerate(after):
        if j not in stood and (same := free.get(key(member))) and not _is_renamed(key, before[same[0]], member):
            stood[j] = same.popleft()


def _named(member: Member) -> Hashable:
    return member.get("name")


def _unnamed(member: Member) -> Hashable:
    return canonical({name: value for name, value in member.items() if name != "name"})


def _about(member: Member) -> Hashable:
    return canonical(member.get("match", member.get("reject")))


_KEYS: tuple[_Key, ...] = (_named, canonical, _unnamed, _about)


def _is_renamed(key: _Key, one: Member, other: Member) -> bool:
    """Return whether two that are about the same have names of their own, so that each is itself."""
    return key is _about and _both_named(one, other)


def _both_named(one: Member, other: Member) -> bool:
    return "name" in one and "name" in other


def _gaps(before: int, after: int, stood: Mapping[int, int]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield what has no partner between neighbours that have one, of both documents."""
    taken = set(stood.values())
    one = other = 0
    for j in [*sorted(unmoved(stood)), after]:
        i = before if j == after else stood[j]
        yield [at for at in range(one, i) if at not in taken], [at for at in range(other, j) if at not in stood]
        one, other = i + 1, j + 1
