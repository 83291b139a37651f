"""Passwords, private keys and keys to services in a text; pure, linear in the text.

What has a known form is known by it. What has none is only taken for a secret where the words before it say so and its
letters look drawn by lot: mail is full of numbers and hashes that are none.
"""

import math
import re
from collections import Counter

_FORMS = (
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",  # Amazon
    r"gh[pousr]_[0-9A-Za-z]{36,251}",  # GitHub
    r"github_pat_[0-9A-Za-z_]{22,251}",
    r"glpat-[0-9A-Za-z_\-]{20,64}",  # GitLab
    r"xox[abeoprs]-[0-9A-Za-z\-]{10,250}",  # Slack
    r"AIza[0-9A-Za-z_\-]{35}",  # Google
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,250}",  # Stripe
    r"whsec_[0-9A-Za-z+/]{24,100}",  # Standard Webhooks, and ours
    r"sk-(?:ant-|proj-|or-)?[0-9A-Za-z_\-]{32,250}",  # Anthropic, OpenAI, OpenRouter
    r"SG\.[0-9A-Za-z_\-]{16,32}\.[0-9A-Za-z_\-]{32,64}",  # SendGrid
    r"npm_[0-9A-Za-z]{36}",
    r"pypi-[0-9A-Za-z_\-]{50,250}",
    r"dop_v1_[0-9a-f]{64}",  # DigitalOcean
    r"hf_[0-9A-Za-z]{34}",  # Hugging Face
    r"gp_[0-9A-Za-z_\-]{24,250}",  # our own
    r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    r"eyJ[0-9A-Za-z_\-]{8,2000}\.eyJ[0-9A-Za-z_\-]{8,4000}\.[0-9A-Za-z_\-]{16,1000}",  # JWT, RFC 7519
)
_KNOWN = re.compile(rf"(?<![0-9A-Za-z_\-])(?:{'|'.join(_FORMS)})(?![0-9A-Za-z_])")
"""No start within a word: so each word is read a few times at most, however long."""
_WRAPPED = re.compile(r"(?<=[0-9A-Za-z_\-.+/=]{10})[ \t]{0,3}\r?\n[> \t]{0,5}(?=[0-9A-Za-z_\-.+/=])")
"""A line's end that a mail program put into a long word."""
_PLACED = re.compile(
    r"hooks\.slack\.com/services/T[0-9A-Z]{6,20}/B[0-9A-Z]{6,20}/[0-9A-Za-z]{16,40}"
    r"|\b(?:AccountKey|SharedAccessKey)=[0-9A-Za-z+/]{40,100}={0,2}"  # Azure
    r"|\bAuthorization:[ \t]{0,3}Basic[ \t]{1,3}[0-9A-Za-z+/]{12,500}={0,2}",  # RFC 7617
    re.IGNORECASE,
)
_PRIVATE_KEY = re.compile(
    r"(?:-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\bPrivate-Lines: \d{1,4}(?!\d))"  # PEM, PuTTY
    r"((?:(?!-----).){40,4000})",
    re.DOTALL,
)
_IN_URL = re.compile(r"[a-z][a-z0-9+]{1,20}://[^\s:/@]{1,100}:([^\s:/@]{6,200})@")
_TOLD = re.compile(
    r"(?<![a-z])(?:pass(?:word|wd|phrase|code)|pwd?|secret(?:[ _\-]?access)?(?:[ _\-]?key)?|api[ _\-]?(?:key|token)"
    r"|(?:access|auth|bearer|refresh|client)[ _\-]?(?:key|token|secret)|private[ _\-]?key|bearer"
    r"|passwort|kennwort|mot de passe|contrase\u00f1a)"
    r"(?:[ \t]?\([^()\n]{1,30}\))?"
    r"(?:[\"'`\]*]|\s){0,4}(?::|=>?|\bis\b|\bist\b|\best\b|\bes\b|(?<=bearer) )(?:[\"'`*]|\s){0,4}"
    r"([^\s\"'`<>*]{6,200})",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?<![a-z?&])token[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?([0-9A-Za-z_\-.~+/=]{20,200})", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"x{3,}|\*{3,}|\.{3,}|\u2022|example|sample|dummy|placeholder|change.?me|your|redacted|://"
    r"|[0-9a-z]@[0-9a-z\-]{1,63}\.[a-z]|^(?:[\[({<]|\$[({]|%[a-z({])",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[0-9A-Za-z+/=]+")
_WRITTEN_END = re.compile(r"(?:\\[rn])+")
"""A line's end as programs write it within a text, such as JSON."""
_FRAME = ">|\"'`,;*\\"
"""What stands around a key's lines in quoted mail, in tables, and in the source of programs."""

PRIVATE_KEY_MIN_CHARS = 40
PRIVATE_KEY_WORD_MIN_CHARS = 16
"""Of what stands among other words; a key alone may be spaced out at will."""
PRIVATE_KEY_MIN_BITS = 4.0
"""Per character: base64 of what was drawn by lot has close to 6, some 5.3 in 200 characters; prose has 4.1 at most, but
is no base64."""
TOLD_MIN_BITS = 2.5
"""Per character, of what stands after "password:": eight different ones have 3."""
TOLD_MIN_CHARS = 6
_KINDS_MIN = 2


def has_credential(text: str) -> bool:
    """Tell whether the text holds what looks like a password, a private key, or a key to a service."""
    whole = _WRAPPED.sub("", text)
    return (
        _KNOWN.search(text) is not None
        or (len(whole) < len(text) and _KNOWN.search(whole) is not None)
        or _PLACED.search(whole) is not None
        or any(_looks_drawn(found[1]) for found in _TOKEN.finditer(text))
        or any(_is_key_body(found[1]) for found in _PRIVATE_KEY.finditer(text))
        or any(_looks_drawn(found[1]) for found in _IN_URL.finditer(text))
        or any(_looks_drawn(found[1]) for found in _TOLD.finditer(text))
    )


def bits_per_character(text: str) -> float:
    """Return the Shannon entropy of the text's own distribution of characters."""
    size = len(text)
    return -sum(count / size * math.log2(count / size) for count in Counter(text).values())


def _is_key_body(written: str) -> bool:
    """Tell whether something follows the heading that could be a key; documentation stops at the heading."""
    lines = _WRITTEN_END.sub("\n", written).splitlines()
    body = " ".join(line for line in lines if ":" not in line)  # header lines of older forms
    words = [word for each in body.split() if (word := each.strip(_FRAME))]
    packed = "".join(filter(_BASE64.fullmatch, words))
    if len(packed) < sum(map(len, words)):
        packed = "".join(each for each in words if len(each) >= PRIVATE_KEY_WORD_MIN_CHARS and _BASE64.fullmatch(each))
    return len(packed) >= PRIVATE_KEY_MIN_CHARS and bits_per_character(packed) >= PRIVATE_KEY_MIN_BITS


def _looks_drawn(value: str) -> bool:
    """Tell whether a value could be a secret: several kinds of characters, and no few of them over and over.

    A word of a language alone is none: "your password is required" must not keep a mail.
    """
    value = value.rstrip(".,;:!?)]}")
    kinds = sum(
        any(map(kind, value)) for kind in (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    )
    is_word = value[:1].isalpha() and value[1:].replace("-", "").replace("'", "").isalpha() and value[1:].islower()
    return (
        len(value) >= TOLD_MIN_CHARS  # without what ends the sentence
        and kinds >= _KINDS_MIN
        and not is_word
        and bits_per_character(value) >= TOLD_MIN_BITS
        and _PLACEHOLDER.search(value) is None
    )
