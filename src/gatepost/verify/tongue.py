"""In which language most of a text is written: by its script, and by the small words of those that share one. Pure.

Evidence for rules that sort mail; whoever writes the text can make it look like another. It costs the same for any
length of text, for only three passages of it are looked at.
"""

import tomllib
from collections import Counter
from importlib import resources

from gatepost.verify.paper import Language

PASSAGE_CHARS = 250
"""How much is read at the beginning, in the middle, and at the end."""
_LETTERS_MOST = 90
"""Of so many letters, evenly far apart, the script is asked."""
_ASCII_LEAST = 0.8
"""Where so much of a text is ASCII, its script is Latin."""
_LETTERS_LEAST, _WORDS_LEAST = 2, 3
_SHARE_LEAST = 0.12
"""Of the words read, so many must be small words of the language: about a third of ordinary prose is."""
_BLOCK = 7

_ALONE = {
    "greek": Language.GREEK,
    "hebrew": Language.HEBREW,
    "hangul": Language.KOREAN,
    "devanagari": Language.HINDI,
    "thai": Language.THAI,
    "han": Language.CHINESE,
    "kana": Language.JAPANESE,
}
"""Scripts in which we tell one language only."""
_RANGES = {
    "latin": [(0x0041, 0x024F), (0x1E00, 0x1EFF)],
    "greek": [(0x0380, 0x03FF), (0x1F00, 0x1FFF)],
    "cyrillic": [(0x0400, 0x052F)],
    "hebrew": [(0x0590, 0x05FF)],
    "arabic": [(0x0600, 0x077F), (0xFB80, 0xFEFF)],
    "devanagari": [(0x0900, 0x097F)],
    "thai": [(0x0E00, 0x0E7F)],
    "hangul": [(0x1100, 0x11FF), (0xAC00, 0xD7AF)],
    "kana": [(0x3080, 0x30FF)],  # of Hiragana the half that shares no block of 128 with punctuation: most of it
    "han": [(0x4E00, 0x9FFF)],
}
_SCRIPTS = {
    block: script
    for script, ranges in _RANGES.items()
    for first, last in ranges
    for block in range(first >> _BLOCK, (last >> _BLOCK) + 1)
}


def _read() -> dict[str, dict[str, tuple[Language, ...]]]:
    """Return, for each script, of which languages a small word is."""
    told = tomllib.loads((resources.files(__package__) / "tongues.toml").read_text("utf-8"))
    found: dict[str, dict[str, tuple[Language, ...]]] = {}
    for script, lists in told.items():
        words = found.setdefault(script, {})
        for language, listed in lists.items():
            for word in listed.split():
                words[word] = (*words.get(word, ()), Language(language))
    return found


_WORDS = _read()


def of(text: str) -> Language:
    """Return the language of most of a text; ``UNKNOWN`` where it is too short, too mixed or none of ours."""
    passage = _passage(text)
    is_latin = len(passage.encode("ascii", "ignore")) >= _ASCII_LEAST * len(passage)
    script = "latin" if is_latin else _script(passage)
    if script in _ALONE:
        return _ALONE[script]
    return _by_words(passage.lower().split(), _WORDS[script]) if script in _WORDS else Language.UNKNOWN


def _passage(text: str) -> str:
    """Return the beginning, the middle and the end."""
    if len(text) <= 3 * PASSAGE_CHARS:
        return text
    middle = (len(text) - PASSAGE_CHARS) // 2
    return " ".join((text[:PASSAGE_CHARS], text[middle : middle + PASSAGE_CHARS], text[-PASSAGE_CHARS:]))


def _script(passage: str) -> str:
    """Return the script of most letters; a sign of Chinese stands for a word, so it counts for several."""
    counts: dict[str, int] = {}
    for letter in passage[:: len(passage) // _LETTERS_MOST + 1]:
        if letter > "@":
            script = _SCRIPTS.get(ord(letter) >> _BLOCK, "")
            counts[script] = counts.get(script, 0) + 1
    han, kana = counts.get("han", 0), counts.get("kana", 0)
    counts["han"] = 0 if kana * 10 > han else 3 * han
    counts["kana"] = 3 * (han + kana) if kana * 10 > han else 0
    found = max(counts, key=lambda script: counts[script])
    return found if counts[found] >= _LETTERS_LEAST else ""


def _by_words(words: list[str], known: dict[str, tuple[Language, ...]]) -> Language:
    """Return the language of most small words, where there are enough and no other has as many."""
    counts: dict[Language, int] = {}
    for word, often in Counter(filter(known.__contains__, words)).items():
        for language in known[word]:
            counts[language] = counts.get(language, 0) + often
    most = max(counts.values(), default=0)
    found = [language for language, count in counts.items() if count == most]
    is_enough = most >= _WORDS_LEAST and most >= _SHARE_LEAST * len(words)
    return found[0] if is_enough and len(found) == 1 else Language.UNKNOWN
