"""What a model is given of an HTML body: Markdown with links to their real targets, lists and tables; deterministic."""

import re

from gatepost.verify.reading import escapes
from gatepost.verify.reading.flow import LINE, PARAGRAPH, Flow

MAX_TARGET_CHARS = 2_000
MAX_CELLS = 2_000
"""A table beyond this is written as running text."""
MAX_CELL_CHARS = 500
_MAX_INDENT = 5
_UNSAFE = re.compile(r"[\s()<>\[\]\\\x00-\x1f\x7f]")
_SCHEME = re.compile(r"(?:mailto:|tel:|https?://)?(?P<rest>.*?)/?", re.DOTALL)


class _Table:
    """The innermost table, as long as it may be one of data: its rows so far."""

    def __init__(self) -> None:
        self.rows: list[list[Flow]] = []
        self.cells = 0


class Markdown:
    """Writes the author's words and, apart from them, the words they quote."""

    def __init__(self) -> None:
        self._own = Flow()
        self._quoted = Flow()
        self._is_quoting = False
        self._table: _Table | None = None
        self._lists: list[int] = []
        self._link: tuple[Flow, int] | None = None

    @property
    def _flow(self) -> Flow:
        if self._table is not None and self._table.rows and self._table.rows[-1]:
            return self._table.rows[-1][-1]
        return self._quoted if self._is_quoting else self._own

    def texts(self) -> tuple[str, str]:
        """Return the author's words and the quoted ones."""
        self.table_as_text()
        return self._own.text(), self._quoted.text()

    def quote(self, *, is_on: bool) -> None:
        """Say whether what follows is quoted from an earlier mail."""
        if is_on != self._is_quoting:
            self.table_as_text()
            if is_on:  # what follows below is the author's again: ``quotes`` must see where history stood
                self._own.break_(LINE)
                self._own.raw(">")
                self._own.break_(LINE)
            self._is_quoting = is_on

    def write(self, text: str, *, is_preformatted: bool = False) -> None:
        """Add visible text, which forms no structure of its own."""
        flow = self._flow
        text = escapes.words(text, flow.line, is_in_link=self._link is not None)
        flow.write(text, is_preformatted=is_preformatted)

    def words(self, text: str) -> None:
        """Add visible text in which white space is single blanks, and no sign could form a structure."""
        self._flow.words(text)

    def space(self) -> None:
        """Part what comes from what was."""
        self._flow.space()

    def break_(self, level: int) -> None:
        """End a line or paragraph."""
        self._flow.break_(level)

    def line_end(self) -> None:
        """Take a ``br``."""
        self._flow.line_end()

    def heading(self, level: int) -> None:
        """Begin a heading."""
        self._flow.break_(PARAGRAPH)
        self._flow.mark("#" * level + " ")

    def end_block(self) -> None:
        """Forget the mark of a heading or item without words."""
        self._flow.unmark()

    def begin_list(self, *, is_ordered: bool) -> None:
        """Begin a list; items of an ordered one are numbered."""
        self._lists.append(0 if is_ordered else -1)

    def end_list(self) -> None:
        """End the innermost list."""
        if self._lists:
            self._lists.pop()

    def item(self) -> None:
        """Begin an item of the innermost list."""
        self._flow.break_(LINE)
        self._flow.unmark()
        indent = "  " * min(max(len(self._lists) - 1, 0), _MAX_INDENT)
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            self._flow.mark(f"{indent}{self._lists[-1]}. ")
        else:
            self._flow.mark(f"{indent}- ")

    def begin_link(self) -> None:
        """Begin the visible text of a link."""
        flow = self._flow
        self._link = (flow, flow.reserve())

    def end_link(self, target: str) -> None:
        """End a link: its text in brackets before its target, unless the text is the target."""
        if self._link is None:
            return
        flow, place = self._link
        self._link = None
        text = flow.since(place)
        target = _UNSAFE.sub(lambda found: "".join(f"%{octet:02X}" for octet in found[0].encode()), target.strip())
        target = escapes.target(target[:MAX_TARGET_CHARS])
        if not target or _bare(escapes.undone(text)) == _bare(target):
            return
        if (before := flow.last_before(place)).endswith("!"):
            flow.fill(place - 1, f"{before[:-1]}\\!")  # or the link would be an image
        flow.fill(place, "[")
        flow.close(f"]({target})")

    def begin_table(self, *, is_layout: bool) -> None:
        """Begin a table; one inside another makes the outer one a matter of layout."""
        self.table_as_text()
        self._flow.break_(LINE)
        if not is_layout:
            self._table = _Table()

    def row(self) -> None:
        """Begin a row."""
        if self._table is not None:
            self._table.rows.append([])
        else:
            self._flow.break_(LINE)

    def cell(self) -> None:
        """Begin a cell."""
        if self._table is None:
            self._flow.space()
            return
        if not self._table.rows:
            self._table.rows.append([])
        self._table.cells += 1
        self._table.rows[-1].append(Flow())
        if self._table.cells > MAX_CELLS:
            self.table_as_text()

    def end_table(self) -> None:
        """Write the table: with bars where each row has the same two columns or more."""
        table = self._table
        if table is None:
            self._flow.break_(LINE)
            return
        if all(len(row) <= 1 for row in table.rows):
            self.table_as_text()
            return
        rows = [[cell.text() for cell in row] for row in table.rows]
        rows = [row for row in rows if any(row)]
        is_data = len(rows) > 1 and len(rows[0]) > 1 and all(len(row) == len(rows[0]) for row in rows)
        if not is_data or any("\n" in cell or len(cell) > MAX_CELL_CHARS for row in rows for cell in row):
            self.table_as_text()
            return
        self._table = None
        flow = self._flow
        flow.break_(PARAGRAPH)
        for at, row in enumerate(rows):
            flow.raw("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
            flow.break_(LINE)
            if at == 0:
                flow.raw("|" + " --- |" * len(row))
                flow.break_(LINE)
        flow.break_(PARAGRAPH)

    def table_as_text(self) -> None:
        """Write what a table holds so far as running text, and go on in that way."""
        table, self._table = self._table, None
        if table is None:
            return
        flow = self._flow
        for row in table.rows:
            flow.break_(LINE)
            for cell in row:
                if not cell.is_empty:
                    flow.space()
                    flow.raw(cell.text())
        if self._link is not None and any(self._link[0] is cell for row in table.rows for cell in row):
            self._link = None


def _bare(text: str) -> str:
    found = _SCHEME.fullmatch(text.strip())
    return (found["rest"] if found else text).lower()
