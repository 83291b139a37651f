"""The spans found in one message, within bounds."""

from gatepost.verify.paper import MAX_SPAN_CHARS, Span, Technique

MAX_SPANS = 2_000
MAX_CHARS = 500_000
"""Of all spans together."""


class Marks:
    """Collects spans; beyond the bounds it only notes that there is more."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.is_cut = False
        self._chars = 0

    def add(self, technique: Technique, place: str, start: int, end: int, text: str) -> None:
        """Note a span; white space around its words is dropped, and so is a span without words."""
        text = text.strip()
        if not text:
            return
        if len(self.spans) >= MAX_SPANS or self._chars >= MAX_CHARS:
            self.is_cut = True
            return
        if len(text) > MAX_SPAN_CHARS:
            text = text[:MAX_SPAN_CHARS]
            self.is_cut = True
        self._chars += len(text)
        self.spans.append(Span(technique, place, start, end, text))
