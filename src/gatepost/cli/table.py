"""What is drawn on the terminal: with colours where it has them."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

terminal = Console()

_GAP = 2
_FOLD_MIN = 20  # the last column is folded no narrower than this


def draw(cells: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    """Print rows of text below the names of their columns; on a terminal the last column is folded to fit."""
    *whole, last = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    natural = sum(whole) + _GAP * len(whole) + last
    least = natural - last + min(last, _FOLD_MIN)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for column, width in zip(columns, [*whole, None], strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    width = max(terminal.width, least) if terminal.is_terminal else natural
    Console(width=width, height=terminal.height).print(table)
