"""Guards: patterns that keep a message from passing, asked of all its texts within a bound of time. Pure.

From the policy to the answer: ``patterns`` reads what people write, ``pattern_tree`` its shape, ``plan`` chooses the
engine for each or refuses it, ``candidates`` guesses which of many may match a text, ``positions`` and ``swift`` decide
it, and ``guard`` says what follows.
"""

from gatepost.decide.guards.candidates import Together
from gatepost.decide.guards.edges import is_void
from gatepost.decide.guards.guard import GUARDS_WORK_MAX, Guard, Guarded, compile_guards, strictest_hit
from gatepost.decide.guards.patterns import PATTERN_MAX_CHARS, Pattern, PatternError, compile_pattern
from gatepost.decide.guards.plan import refusals

__all__ = [
    "GUARDS_WORK_MAX",
    "PATTERN_MAX_CHARS",
    "Guard",
    "Guarded",
    "Pattern",
    "PatternError",
    "Together",
    "compile_guards",
    "compile_pattern",
    "is_void",
    "refusals",
    "strictest_hit",
]
