"""What differs between two versions of a policy, in the order of the document. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatepost.decide.grammar import canonical, normalise
from gatepost.decide.hours import clock_time
from gatepost.decide.language import check_faults
from gatepost.decide.pairs import Member, pair, unmoved
from gatepost.decide.shape import Faults

WHOLE_MAX = 16
"""A list of texts that is longer is not shown whole: each member that came or went is a change."""


@dataclass(frozen=True, slots=True)
class Change:
    """One member that is not the same: in canonical JSON, empty where it is not there.

    ``path`` is where it stands now, or where it stood if it is gone. ``stood`` is where its rule or guard stood if
    that was elsewhere; one that was moved among the others has a change of its own, the same before and after.
    """

    path: str
    before: str
    after: str
    stood: str = ""


def diff(before: object, after: object) -> list[Change]:
    """Return the changes from one document to another, both in their normal form: spelling is no change.

    A rule or guard is compared with the one it was (``pair``), wherever that stood.

    Raises:
        PolicyError: one of them is no policy.
    """
    return list(_compare("", _normal(before), _normal(after)))


def _normal(document: object) -> Mapping[str, Any]:
    """Return the normal form, with shares of one and times of day as people write them."""
    faults = Faults()
    normal = normalise(document, faults)
    check_faults(faults)
    for rule in normal["senders"]:
        if score := rule.get("when", {}).get("injectionScore"):
            rule["when"]["injectionScore"] = {name: value / 1_000 for name, value in score.items()}
    if hours := normal.get("workingHours"):
        normal["workingHours"] = {**hours, **{name: clock_time(hours[name]) for name in ("from", "to")}}
    return normal


_ABSENT = object()


def _compare(path: str, before: object, after: object) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else name
            yield from _compare(inner, before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        has_objects = all(isinstance(each, Mapping) for each in (*before, *after))
        yield from (_compare_objects if has_objects else _compare_texts)(path, before, after)
    elif _spelled(before) != _spelled(after):
        yield Change(path, _spelled(before), _spelled(after))


def _compare_objects(path: str, before: Sequence[Member], after: Sequence[Member]) -> Iterator[Change]:
    """Compare rules or guards, whose order decides; what is gone stands before what followed it."""
    stood = pair(before, after)
    in_order = unmoved(stood)
    gone = sorted(set(range(len(before))) - set(stood.values()), reverse=True)
    for j, member in enumerate(after):
        while gone and j in in_order and gone[-1] < stood[j]:
            yield Change(f"{path}[{gone[-1]}]", _spelled(before[gone.pop()]), "")
        here = f"{path}[{j}]"
        if j not in stood:
            yield Change(here, "", _spelled(member))
            continue
        was = before[stood[j]]
        there = f"{path}[{stood[j]}]"
        if j not in in_order:
            yield Change(here, _spelled(was), _spelled(was), there)
        yield from (replace(each, stood="" if there == here else there) for each in _compare(here, was, member))
    for i in reversed(gone):
        yield Change(f"{path}[{i}]", _spelled(before[i]), "")


def _compare_texts(path: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    """Compare lists of texts, whose order decides nothing."""
    went, came = Counter(before) - Counter(after), Counter(after) - Counter(before)
    if not went and not came:
        return
    if max(len(before), len(after)) <= WHOLE_MAX:
        yield Change(path, _spelled(before), _spelled(after))
        return
    yield from (Change(path, _spelled(each), "") for each in went.elements())
    yield from (Change(path, "", _spelled(each)) for each in came.elements())


def _spelled(value: object) -> str:
    return "" if value is _ABSENT else canonical(value).decode()
