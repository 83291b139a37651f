"""The columns of a table, and which of them are collapsed (CSS Tables 3 section 5.3.1): their cells show nothing."""

from collections.abc import Mapping

MAX_COLUMNS = 200
"""Further ones are taken to be shown."""
_KINDS = {
    "table": "table", "inline-table": "table", "table-column": "col", "table-column-group": "colgroup",
    "table-row": "tr", "table-cell": "td",
}  # fmt: skip
_BY_TAG = {"table": "table", "col": "col", "colgroup": "colgroup", "tr": "tr", "td": "td", "th": "td"}

_OF_COLUMNS = frozenset({"col", "colgroup"})


class Tables:
    """The tables that are open, from the outermost in. ``has_columns``: one speaks of its columns."""

    def __init__(self) -> None:
        self.has_columns = False
        self._open: list[tuple[int, Columns]] = []

    def take(self, tag: str, attributes: Mapping[str, str], style: Mapping[str, str], depth: int) -> bool:
        """Take an element that may be a part of a table; tell whether it is a cell that nobody sees.

        ``depth``: how many elements are open around it.
        """
        kind = _KINDS.get(style["display"]) if "display" in style else _BY_TAG.get(tag)
        if kind == "table":
            self.enter(depth)
        elif kind in _OF_COLUMNS:
            self.has_columns = True
        return kind is not None and bool(self._open) and self._open[-1][1].take(kind, attributes, style)

    def enter(self, depth: int) -> None:
        """Open a table."""
        self._open.append((depth, Columns()))

    def is_entered(self, depth: int) -> bool:
        """Tell whether the last table was opened with so many elements around it."""
        return bool(self._open) and self._open[-1][0] == depth

    def leave(self, depth: int) -> None:
        """Take note that an element has ended which so many were open around."""
        if self._open and self._open[-1][0] >= depth:
            self._open.pop()


class Columns:
    """The columns of one table."""

    def __init__(self) -> None:
        self._collapsed: list[bool] = []
        self._group: tuple[int, int] | None = None  # where it begins, and how many columns an empty one has
        self._is_group_collapsed = False
        self._at = 0
        self._taken: dict[int, int] = {}

    def take(self, kind: str, attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
        """Take the next part of the table; tell whether it is a cell that nobody sees."""
        if kind == "tr":
            self._row()
        elif kind == "td":
            return self._cell(_count(attributes, "colspan"), _count(attributes, "rowspan"))
        elif kind in _OF_COLUMNS:
            self._column(kind, attributes, style)
        return False

    def _column(self, kind: str, attributes: Mapping[str, str], style: Mapping[str, str]) -> None:
        told, span = style.get("visibility"), _count(attributes, "span")
        is_collapsed = told == "collapse" if told else kind == "col" and self._is_group_collapsed
        if kind == "colgroup":
            self._group, self._is_group_collapsed = (len(self._collapsed), span), is_collapsed
        elif self._group is not None:
            del self._collapsed[self._group[0] :]  # a group with columns of its own has no others
            self._group = None
        room = MAX_COLUMNS - len(self._collapsed)
        self._collapsed += [is_collapsed] * min(span, room)

    def _row(self) -> None:
        self._at = 0
        self._taken = {at: rows - 1 for at, rows in self._taken.items() if rows > 1}

    def _cell(self, span: int, rows: int) -> bool:
        if True not in self._collapsed:
            return False
        while self._taken.get(self._at):
            self._at += 1
        own = self._collapsed[self._at : self._at + span]
        if rows > 1:
            self._taken |= dict.fromkeys(range(self._at, min(self._at + span, len(self._collapsed))), rows)
        self._at += span
        return len(own) == span and all(own)


def _count(attributes: Mapping[str, str], name: str) -> int:
    told = attributes.get(name, "").strip()
    return min(max(int(told[:5]), 1), MAX_COLUMNS) if told.isascii() and told.isdecimal() else 1
