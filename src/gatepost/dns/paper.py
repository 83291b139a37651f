"""A question and an answer, and the shape of whoever answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class RdType(StrEnum):
    """The record types the house asks for."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    TXT = "TXT"
    PTR = "PTR"
    CNAME = "CNAME"
    TLSA = "TLSA"

    __hash__ = str.__hash__  # questions are looked up by it many times a message; Enum's own is slow


class Status(StrEnum):
    """How a question ended; a failure is a value, never an exception."""

    OK = "ok"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    TEMPERROR = "temperror"

    __hash__ = str.__hash__  # as above


RECORD_OCTETS = 80
"""Of memory, that a record takes besides its characters: Python's string, and its place in the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS said.

    Attributes:
        records: addresses as text, names without the final dot, TXT strings joined (octets as latin-1), MX as
            ``"10 mx.example"``, TLSA data (RFC 6698 section 2.1) in hex. Empty unless ``status`` is OK.
    """

    status: Status
    records: tuple[str, ...] = ()
    ttl_s: int = 0

    @property
    def octets(self) -> int:
        """About how much memory the records take. One packet holds thousands of empty ones."""
        return sum(map(len, self.records)) + RECORD_OCTETS * len(self.records)


Question = tuple[str, RdType]


class Resolver(Protocol):
    """Anything that answers questions."""

    async def query(self, name: str, rdtype: RdType) -> Answer:
        """Ask for ``name``; never raises for anything the network did."""
        ...

    async def query_all(self, questions: Sequence[Question], until: float) -> dict[Question, Answer]:  # noqa: ARG002  # as below
        """Ask several questions; those that have no answer by loop time ``until`` are left out.

        Whoever asks a network asks them together; here they are asked one after the other, as from memory.
        """
        return {question: await self.query(*question) for question in questions}

    def peek(self, name: str, rdtype: RdType) -> Answer | None:  # noqa: ARG002  # a resolver that remembers needs them
        """Return the answer where it is at hand; None where it must be asked for."""
        return None

    def still(self, answers: Sequence[tuple[Question, Answer]]) -> bool:
        """Tell whether every question still has the very same answer at hand."""
        return all(self.peek(*question) is answer for question, answer in answers)
