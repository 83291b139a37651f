"""How what an entry tells is written down: public fields, and private ones. Pure.

A field is public, and stands in the leaf, or ``Private``: then the leaf holds a commitment and the opening the value.
"""

from typing import Annotated, ClassVar, TypeVar

from msgspec import Meta, Struct

from gatepost.record.paper import Kind

T = TypeVar("T")

PRIVATE = "private"
"""How such a field is marked."""

Private = Annotated[T, Meta(extra={PRIVATE: True})]
"""A value that may say something about a person."""

Counts = dict[str, int]


class Said(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    """What an entry tells; ``kind`` is the family it belongs to."""

    kind: ClassVar[Kind]


class Act(Said, frozen=True, kw_only=True):
    """What a person, a key or the operator did to the house."""

    kind: ClassVar[Kind] = Kind.ACT
