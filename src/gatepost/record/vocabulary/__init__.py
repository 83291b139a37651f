"""Everything an entry may tell: one struct for each action, and nothing else is recorded. Pure.

``docs/record.md`` is written from here. Whoever adds a verb that changes something adds its action to the module it
belongs to; the suite drives every verb there is and fails where one leaves no leaf.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import get_type_hints

import msgspec

from gatepost.record.canonical import UnrecordableError
from gatepost.record.paper import Consequence, Json, Kind
from gatepost.record.vocabulary import agents, keeping, mail, policies, promises, running, tenants
from gatepost.record.vocabulary.said import PRIVATE, Act, Said

FAMILIES = (mail, agents, policies, tenants, keeping, promises, running)


def _actions() -> Iterator[type[Said]]:
    for family in FAMILIES:
        yield from (each for each in vars(family).values() if inspect.isclass(each) and issubclass(each, Said))


VOCABULARY: Mapping[str, type[Said]] = {
    str(each.__struct_config__.tag): each for each in _actions() if each not in {Said, Act}
}
"""Every action, and what an entry of it tells."""


def private_fields(of: type[Said]) -> frozenset[str]:
    """Return which fields are committed to, by the names they are written under."""
    hints = get_type_hints(of, include_extras=True)
    fields = msgspec.structs.fields(of)
    return frozenset(field.encode_name for field in fields if PRIVATE in repr(hints[field.name]))


_FIELDS = {action: private_fields(each) for action, each in VOCABULARY.items()}


def check(consequence: Consequence) -> None:
    """See that the vocabulary knows what is to be recorded, and that no person is told of in public.

    Raises:
        UnrecordableError: it does not; the text names action and field, and no value.
    """
    struct, private = VOCABULARY.get(consequence.action), _FIELDS.get(consequence.action, frozenset())
    if struct is None or struct.kind is not consequence.kind:
        raise UnrecordableError(f"the vocabulary has no {consequence.kind} {consequence.action}")
    if private & consequence.public.keys() or not consequence.private.keys() <= private:
        raise UnrecordableError(f"{consequence.action}: a field stands on the wrong side of public and private")
    values: dict[str, Json] = {**consequence.public, **consequence.private}
    try:
        msgspec.convert(values, struct)
    except msgspec.ValidationError as error:
        raise UnrecordableError(f"{consequence.action}: {error}") from error


def reference() -> str:
    """Return ``docs/record.md``'s tables: every action by kind."""
    lines: list[str] = []
    for kind in (each for each in Kind if each is not Kind.TRUST):  # whose facts are public, and not a tenant's
        some = {action: each for action, each in VOCABULARY.items() if each.kind is kind}
        lines += [f"### {kind.value}", "", "| action | tells | in the leaf | committed |", "|---|---|---|---|"]
        for action, each in some.items():
            names = [field.encode_name for field in msgspec.structs.fields(each)]
            public = ", ".join(f"`{name}`" for name in names if name not in _FIELDS[action])
            private = ", ".join(f"`{name}`" for name in names if name in _FIELDS[action])
            lines.append(f"| `{action}` | {' '.join((inspect.getdoc(each) or '').split())} | {public} | {private} |")
        lines.append("")
    return "\n".join(lines)
