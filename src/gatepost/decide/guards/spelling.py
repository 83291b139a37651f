"""A pattern's tree, written for RE2: what is counted before it is asked is then what it is asked. Pure."""

from typing import assert_never

from gatepost.decide.guards.beyond_ascii import FIRST
from gatepost.decide.guards.nodes import Edge, Either, Node, One, Row, Times

_EDGES = {
    Edge.BEGIN: r"\A",
    Edge.END: r"\z",
    Edge.LINE_BEGIN: "(?m:^)",
    Edge.LINE_END: "(?m:$)",
    Edge.WORD: r"\b",
    Edge.NOT_WORD: r"\B",
}
_NOTHING = r"[^\x00-\x{10FFFF}]"


def spelled(node: Node) -> str:
    """Return a tree in RE2's dialect."""
    match node:
        case One():
            return _class(node)
        case Edge():
            return _EDGES[node]
        case Row(parts):
            return "".join(map(spelled, parts))
        case Either(parts):
            return f"(?:{'|'.join(map(spelled, parts))})"
        case Times(part, least, most):
            return f"(?:{spelled(part)}){_count(least, most)}"
        case _:  # pragma: no cover  # mypy proves there is no other
            assert_never(node)


def _count(least: int, most: int | None) -> str:
    if most is None:
        return "*" if least == 0 else "+" if least == 1 else f"{{{least},}}"
    return f"{{{least},{most}}}"


def _class(one: One) -> str:
    ranges = [(code, code) for code in range(FIRST) if one.members >> code & 1]
    items = "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in [*ranges, *one.beyond])
    return f"[{items}]" if items else _NOTHING
