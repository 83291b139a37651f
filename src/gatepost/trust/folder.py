"""The operator's folder, kept as it was read for as long as no file of it was touched."""

from pathlib import Path

from gatepost.trust.operator import Operator, read_operator

_Marks = tuple[tuple[str, int, int, int, int], ...]


class Folder:
    """One folder, looked at every few seconds by those who act on it; reading it whole costs 25 ms of CPU.

    A file counts as touched when its size, its inode or one of its times differ. Two edits of one length within one
    tick of the file system's clock (a few milliseconds) would be taken for one, had they been read in between.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._marks: _Marks = ()
        self._read: Operator | None = None

    def read(self) -> Operator:
        """Return what it says now.

        Raises:
            OperatorError: it cannot be read, or something in it is wrong.
        """
        marks = _marks(self.path)  # before reading: an edit meanwhile is seen the next time
        if self._read is None or not marks or marks != self._marks:
            self._read = None
            self._read = read_operator(self.path)
            self._marks = marks
        return self._read


def _marks(path: Path) -> _Marks:
    try:
        found = [(each.as_posix(), each.stat()) for each in sorted(path.rglob("*"))]
    except OSError:
        return ()
    return tuple((name, s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns) for name, s in found)
