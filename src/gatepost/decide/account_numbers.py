"""Numbers of payment cards (ISO/IEC 7812-1) and bank accounts (ISO 13616) in a text; pure, linear in the text."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
"""Fullwidth, Arabic-Indic, Devanagari: whatever Unicode calls a decimal digit."""
_UNSEEN = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u2060-\u2064\u20d0-\u20f0\ufe00-\ufe0f\ufeff]+")
"""What nobody sees, and marks upon a digit: strokes, and the frame that makes it a key."""
_SPACE = r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000]"
_DASH = r"\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_BESIDE = re.compile(
    rf"(?<=[0-9])(?:{_SPACE}{{1,3}}|{_SPACE}{{0,2}}[./_\u00b7\u2022\u2027{_DASH}]{_SPACE}{{0,2}})(?=[0-9])"
)
"""What may stand between two digits of a number that is written in one line: spaces, or a dot, a slash or a dash."""
_APART = re.compile(r"(?<=[0-9])(?! [0-9])[\W_]{1,16}(?=[0-9])")
"""What stands between numbers as well as within one: the end of a line (or of a quotation's), a bracket, a wide gap."""
_NAMED = re.compile(
    r"(?<![0-9A-Za-z])((?:credit|debit)?card(?:no|nr|num|number)?|visa|master(?:card)?|amex|pan|ccn?|cc(?:no|nr|num)|karte"
    r"|kreditkarte|carte|tarjeta)(?=[0-9])|(?<=[0-9])(?=exp|cv[vcn]|csc|valid)",
    re.IGNORECASE,
)
"""Words that touch a card's number without making it part of a code."""
_ROW = re.compile(r"(?<![0-9A-Za-z])[2-6][0-9]*(?: [0-9]+)*(?![0-9A-Za-z])")
_ROWS = re.compile(r"(?<![0-9A-Za-z])[2-6][0-9]*(?:[ ,][0-9]+)*(?![0-9A-Za-z])")
_CARD_MIN_DIGITS, _CARD_MAX_DIGITS = 13, 19
_PHONE_MAX_DIGITS = 15
"""What begins with ``+`` and has no more is a telephone number (ITU-T E.164)."""
_GROUPINGS = ((4, 4, 4, 4, 3), (4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 5, 4))
"""How cards are embossed; so they are found in a longer row of numbers too."""
_ISSUERS = re.compile(
    r"""
      4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})
    | 5[1-5][0-9]{14}
    | (?:222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}
    | 3[47][0-9]{13}
    | 3(?:0[0-5]|[68][0-9])[0-9]{11}
    | (?:6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|352[89]|35[3-8][0-9])[0-9]{12,15}
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])[0-9]{12}
    """,
    re.VERBOSE,
)
"""What the issuers' prefixes say about the length: Visa, Mastercard (two ranges), American Express, Diners Club,
Discover with UnionPay and JCB, Maestro."""

_BLANK = re.compile(rf"(?:\s|[./_{_DASH}])(?:\s|[>./_{_DASH}]){{0,3}}")
_IBAN = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=IBAN)|(?<=iban))"
    r"(?=([A-Za-z]{2}[0-9]{2}(?: ?[0-9A-Za-z]){11,30}|[A-Z] ?[A-Z] ?[0-9] ?[0-9](?: ?[0-9A-Z]){11,30}))"
)
"""Spaces among the first four only between capitals: "is 20" and "at 10" begin no account."""
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in (
        line.split(":")
        for line in (
            "15:NO", "16:BE", "18:DK FK FI FO GL NL SD", "19:MK SI", "20:AT BA EE KZ LT LU MN XK", "21:CH HR LI LV",
            "22:BG BH CR DE GB GE IE ME RS VA", "23:AE GI IL IQ OM SO TL", "24:AD CZ ES MD PK RO SA SE SK TN VG",
            "25:LY PT ST", "26:IS TR", "27:BI DJ FR GR IT MC MR SM", "28:AL AZ BY CY DO GT HU LB NI PL SV",
            "29:BR EG PS QA UA", "30:JO KW MU YE", "31:MT SC", "32:LC", "33:RU",
        )
    )
    for country in countries.split()
}  # fmt: skip
"""Characters of an IBAN, by the country it begins with (the registry SWIFT keeps for ISO 13616)."""


def has_card_number(text: str) -> bool:
    """Tell whether a card number stands in the text: an issuer's prefix and length, and the check digit.

    The digits, of any script, may be separated in any groups where nothing else belongs to the row. Where something
    does (an expiry, other numbers), or where the number goes on in the next line or behind a comma, a bracket or any
    other sign, they are found in one piece or in the groups of a card. What touches an ASCII letter is part of a code,
    but for words such as "card" before it and "exp" behind it.
    """
    text = _BESIDE.sub(" ", _NAMED.sub(r"\1 ", _plain(text)))
    found = ((row, _in_row(row[0])) for row in _ROW.finditer(text))
    broken = _APART.sub(",", text)
    found_apart = ((row, _in_groups(re.split("[ ,]", row[0]))) for row in _ROWS.finditer(broken) if "," in row[0])
    return _has_card(text, found) or _has_card(broken, found_apart)


def _has_card(text: str, rows: Iterable[tuple[re.Match[str], Iterator[str]]]) -> bool:
    return any(
        _is_card(digits)
        for row, candidates in rows
        for digits in candidates
        if len(digits) > _PHONE_MAX_DIGITS or text[row.start() - 1 : row.start()] != "+"
    )


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), _UNSEEN.sub("", text))


def _in_row(row: str) -> Iterator[str]:
    groups = row.split(" ")
    if len(row) <= 2 * _CARD_MAX_DIGITS:
        yield "".join(groups)
    if len(groups) > 1:
        yield from groups
        yield from _in_groups(groups)


def _in_groups(groups: list[str]) -> Iterator[str]:
    sizes = tuple(map(len, groups))
    for start in range(len(groups)):
        for grouping in _GROUPINGS:
            if sizes[start : start + len(grouping)] == grouping:
                yield "".join(groups[start : start + len(grouping)])


def _is_card(digits: str) -> bool:
    if not _CARD_MIN_DIGITS <= len(digits) <= _CARD_MAX_DIGITS or _ISSUERS.fullmatch(digits) is None:
        return False
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(sum(divmod(each, 10)) for each in doubled)) % 10 == 0


def has_iban(text: str) -> bool:
    """Tell whether an IBAN stands in the text: a country's length, and the check digits (mod 97 is 1)."""
    return any(_begins_with_iban(found[1]) for found in _IBAN.finditer(_BLANK.sub(" ", _plain(text))))


def _begins_with_iban(found: str) -> bool:
    written = found.replace(" ", "").upper()
    length = _IBAN_LENGTHS.get(written[:2], 0)
    if not length or len(written) < length:
        return False
    turned = written[4:length] + written[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
