"""The spans found in one message, within bounds; those beyond their number are told together."""

from gatepost.verify.paper import MAX_SPAN_CHARS, Span, Technique

MAX_SPANS = 2_000
"""Of them that stand alone, and as many again that stand for several."""
MAX_CHARS = 4_000_000
"""Of all spans together: more than the bodies of a message may hold."""


Kept = tuple[bool, int, list[Span], dict[tuple[Technique, str], list[Span]]]


class Marks:
    """Collects spans: what hides between thousands of harmless ones must be looked at, too."""

    def __init__(self) -> None:
        self.is_cut = False
        self._alone: list[Span] = []
        self._joined: dict[tuple[Technique, str], list[Span]] = {}
        self._chars = 0

    @property
    def spans(self) -> list[Span]:
        """All spans; of those that came late, one for each technique and place, its words line by line."""
        return self._alone + [_together(spans) for spans in self._joined.values()]

    def kept(self) -> Kept:
        """Return what was noted so far, to return to."""
        joined = {key: list(spans) for key, spans in self._joined.items()}
        return self.is_cut, self._chars, list(self._alone), joined

    def return_to(self, kept: Kept) -> None:
        """Forget what was noted since then."""
        self.is_cut, self._chars, self._alone, self._joined = kept

    def add(self, technique: Technique, place: str, start: int, end: int, text: str) -> None:
        """Note a span; white space around its words is dropped, and so is a span without words.

        Quoted history is kept whole elsewhere, so its span is cut.
        """
        text = text.strip()
        if not text:
            return
        if technique is Technique.QUOTED_HISTORY:
            text = text[:MAX_SPAN_CHARS]
        if self._chars + len(text) > MAX_CHARS:
            text = text[: MAX_CHARS - self._chars]
            self.is_cut = True
            if not text:
                return
        self._chars += len(text)
        span = Span(technique, place, start, end, text)
        if len(self._alone) < MAX_SPANS:
            self._alone.append(span)
        elif (technique, place) in self._joined or len(self._joined) < MAX_SPANS:
            self._joined.setdefault((technique, place), []).append(span)
        else:
            self.is_cut = True


def _together(spans: list[Span]) -> Span:
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return Span(spans[0].technique, spans[0].place, start, end, "\n".join(span.text for span in spans))
