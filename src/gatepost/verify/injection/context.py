"""Where words stand: the same request weighs more in an invisible span than in the body.

These weights are set by hand, for the corpora show too few of each to learn them from: ``alone`` counts by itself where
a technique has no honest use and spells words, ``factor`` multiplies what the phrases in it count. Three quarters of
honest HTML mails hide a preheader, so style that hides accuses nobody alone.
"""

from dataclasses import dataclass

from gatepost.verify.paper import Technique

ALONE_MIN_LETTERS = 12
"""Fewer letters spell no order: a flag, a soft hyphen, a stray mark."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a place adds to the log-odds, and how often its phrases count."""

    alone: float
    factor: float


_PLAIN = Context(0.0, 1.0)
_STYLED = Context(0.0, 1.8)
_SPELT = Context(5.0, 2.0)
_ASIDE = Context(0.0, 2.0)
SEALED = Context(1.2, 2.0)
"""Sentences that nobody reads who does not decode them: a person is not meant."""

_CONTEXTS = {
    Technique.DISPLAY_NONE: _STYLED,
    Technique.VISIBILITY_HIDDEN: _STYLED,
    Technique.ZERO_SIZE: _STYLED,
    Technique.ZERO_OPACITY: _STYLED,
    Technique.SAME_COLOUR: _STYLED,
    Technique.OFF_SCREEN: _STYLED,
    Technique.CLIPPED: _STYLED,
    Technique.UNREAD_STYLE: Context(0.0, 1.0),
    Technique.HIDDEN_ATTRIBUTE: _STYLED,
    Technique.HTML_COMMENT: _STYLED,
    Technique.NOT_RENDERED: _STYLED,
    Technique.META: Context(0.0, 1.4),
    Technique.ALT_TEXT: _STYLED,
    Technique.TITLE_TEXT: _STYLED,
    Technique.LABEL_TEXT: _STYLED,
    Technique.FORM_VALUE: Context(0.0, 1.4),
    Technique.TAG_CHARACTERS: _SPELT,
    Technique.VARIATION_SELECTORS: _SPELT,
    Technique.ZERO_WIDTH: _SPELT,
    Technique.UNSEEN_CHARACTER: _PLAIN,
    Technique.BIDI_OVERRIDE: _SPELT,
    Technique.FULL_WIDTH: Context(0.0, 2.5),
    Technique.HOMOGLYPH: Context(2.0, 2.0),
    Technique.HOMOGLYPH_DOMAIN: Context(2.0, 1.5),
    Technique.ENCODED_WORD: Context(0.0, 2.0),
    Technique.MISMATCHED_LINK: Context(0.0, 1.2),
    Technique.MISMATCHED_MENTION: _PLAIN,
    Technique.PLAIN_HTML_MISMATCH: Context(0.0, 2.0),
    Technique.BASE64_PAYLOAD: SEALED,
    Technique.PREAMBLE: Context(0.0, 1.6),
    Technique.EPILOGUE: Context(0.0, 1.6),
    Technique.HEADER: Context(0.0, 1.6),
    Technique.DISPLAY_NAME: _ASIDE,
    Technique.LONG_SUBJECT: Context(0.0, 2.0),
    Technique.FILE_NAME: _ASIDE,
    Technique.CALENDAR: Context(0.0, 1.3),
    Technique.ATTACHMENT_TEXT: _PLAIN,
    Technique.QUOTED_HISTORY: _PLAIN,
}
WRAPPED = _ASIDE
"""Words in a wrapping that also comes about by itself, as in addresses, or that is only guessed at."""


def of(technique: Technique | None) -> Context:
    """Return what a span of this technique adds; None: in plain sight."""
    return _PLAIN if technique is None else _CONTEXTS[technique]
