"""Running text under construction: white space as a browser collapses it, lines where blocks end."""

import re

_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
MAX_LOOK_BACK = 30
LINE = 1
PARAGRAPH = 2


def collapsed(text: str) -> str:
    """Return text in which white space is single blanks."""
    if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\xa0" in text:
        return _SPACES.sub(" ", text)
    return text


class Flow:
    """Collects text; breaks are only written once more text follows."""

    __slots__ = ("_break", "_has_space", "_marks", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._break = 0
        self._has_space = False
        self._marks: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether no text has come yet."""
        return not self._pieces

    @property
    def pieces(self) -> int:
        """How many pieces of text have come."""
        return len(self._pieces)

    def break_(self, level: int) -> None:
        """End the line, or the paragraph; twice is once."""
        self._break = max(self._break, level)

    def line_end(self) -> None:
        """End the line by hand; twice makes an empty line, more is no more."""
        self._break = min(self._break + 1, PARAGRAPH)

    def space(self) -> None:
        """Part what comes from what was; twice is once."""
        self._has_space = True

    def mark(self, text: str) -> None:
        """Put ``text`` before the words that come next, on their line."""
        self._marks.append(text)

    def unmark(self) -> None:
        """Forget marks for which no words came."""
        self._marks.clear()

    def write(self, text: str, *, is_preformatted: bool = False) -> None:
        """Add text."""
        if is_preformatted:
            for at, line in enumerate(text.split("\n")):
                if at:
                    self._break += 1
                if line.strip():
                    self.raw(line)
            return
        self.words(collapsed(text))

    def words(self, text: str) -> None:
        """Add text in which white space is single blanks."""
        if text[:1] == " ":
            self._has_space = True
            text = text[1:]
        if text:
            has_space = text[-1] == " "
            if self._break or self._has_space or self._marks:
                self.begin()
            self._pieces.append(text[:-1] if has_space else text)
            self._has_space = has_space

    def raw(self, text: str) -> None:
        """Add text as it is, behind the breaks and marks that wait."""
        self.begin()
        self._pieces.append(text)

    def close(self, text: str) -> None:
        """Add text right behind the last words, before any break that waits."""
        self._pieces.append(text)

    def begin(self) -> None:
        """Write what waits: text follows now."""
        if self._break:
            if self._pieces:
                self._pieces.append("\n\n" if self._break >= PARAGRAPH else "\n")
            self._break = 0
        elif self._has_space and self._pieces:
            self._pieces.append(" ")
        self._has_space = False
        if self._marks:
            self._pieces += self._marks
            self._marks.clear()

    def line(self) -> str:
        """Return what stands on the line that the next piece goes on with, as far as ``MAX_LOOK_BACK`` pieces tell."""
        if self._break or self._marks:
            return ""
        return "".join(self._pieces[-MAX_LOOK_BACK:]).rpartition("\n")[2]

    def reserve(self) -> int:
        """Write what waits and keep a place for a piece that is not known yet; places kept before stay empty."""
        self.begin()
        while self._pieces and not self._pieces[-1]:
            self._pieces.pop()
        self._pieces.append("")
        return len(self._pieces) - 1

    def fill(self, place: int, text: str) -> None:
        """Put ``text`` where a place was reserved."""
        self._pieces[place] = text

    def last_before(self, place: int) -> str:
        """Return the piece before a reserved place; empty where there is none."""
        return self._pieces[place - 1] if place else ""

    def since(self, place: int) -> str:
        """Return what was written behind a reserved place."""
        return "".join(self._pieces[place + 1 :])

    def text(self) -> str:
        """Return all of it."""
        return "".join(self._pieces)
