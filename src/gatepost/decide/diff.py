"""What differs between two versions of a policy, in the order of the document. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatepost.decide.grammar import canonical, normalise
from gatepost.decide.language import check_faults
from gatepost.decide.shape import Faults


@dataclass(frozen=True, slots=True)
class Change:
    """One member that is not the same: in canonical JSON, empty where it is not there."""

    path: str
    before: str
    after: str


def diff(before: object, after: object) -> list[Change]:
    """Return the changes from one document to another, both in their normal form: spelling is no change.

    Rules and guards are compared by their place, because their order decides.

    Raises:
        PolicyError: one of them is no policy.
    """
    return list(_compare("", _normal(before), _normal(after)))


def _normal(document: object) -> Mapping[str, Any]:
    faults = Faults()
    normal = normalise(document, faults)
    check_faults(faults)
    return normal


_ABSENT = object()


def _compare(path: str, before: object, after: object) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{path}.{name}" if path else name
            yield from _compare(inner, before.get(name, _ABSENT), after.get(name, _ABSENT))
    elif _has_objects(before) and _has_objects(after):
        one, other = _listed(before), _listed(after)
        for index in range(max(len(one), len(other))):
            pair = (each[index] if index < len(each) else _ABSENT for each in (one, other))
            yield from _compare(f"{path}[{index}]", *pair)
    elif _spelled(before) != _spelled(after):
        yield Change(path, _spelled(before), _spelled(after))


def _has_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _spelled(value: object) -> str:
    return "" if value is _ABSENT else canonical(value).decode()
