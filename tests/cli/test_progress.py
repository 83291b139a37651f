"""A bar is drawn for people at a terminal, and for nobody else."""

import io

import pytest
from typing_extensions import override

from gatepost.cli.progress import bar


class _Screen(io.StringIO):
    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    @override
    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_it_is_drawn_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> None:
    """A log file that takes the errors gets none of it."""
    screen = _Screen(is_terminal=is_terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with bar("reading entries") as told:
        told(3, 10)
    assert ("reading entries" in screen.getvalue()) is is_terminal
