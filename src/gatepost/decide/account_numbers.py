"""Numbers of payment cards (ISO/IEC 7812-1) and bank accounts (ISO 13616) in a text; pure, linear in the text."""

import re
from collections.abc import Iterator

_SEPARATED = re.compile(r"(?<![0-9A-Za-z])[2-6][0-9]*(?:[ ./_\-\u2010-\u2015][0-9]+)*(?![0-9A-Za-z])")
"""Digits with single separators between them; a longer run of separators, or a letter, ends it."""
_WIDE = re.compile(r"(?<=[0-9])(?:[ \t]{2,3}|\t|[ \t]{1,2}[./_\-\u2010-\u2015][ \t]{1,2})(?=[0-9])")
"""What is as good as one separator: a tabulator, two spaces, a dash between spaces."""
_NO_DIGIT = re.compile(r"[^0-9]+")
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

_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[0-9A-Za-z]){11,30}")
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

    The digits may be separated, one separator at a time, in any groups where nothing else belongs to the row, and in
    the groups of a card where something does.
    """
    text = _WIDE.sub(" ", text)
    return any(
        _is_card(digits)
        for row in _SEPARATED.finditer(text)
        for digits in _candidates(row[0])
        if len(digits) > _PHONE_MAX_DIGITS or text[row.start() - 1 : row.start()] != "+"
    )


def _candidates(row: str) -> Iterator[str]:
    groups = _NO_DIGIT.split(row)
    if len(row) <= 2 * _CARD_MAX_DIGITS:
        yield "".join(groups)
    if len(groups) > 1:
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
    return any(_begins_with_iban(found[0]) for found in _IBAN.finditer(text))


def _begins_with_iban(found: str) -> bool:
    written = found.replace(" ", "").replace("-", "").upper()
    length = _IBAN_LENGTHS.get(written[:2], 0)
    if not length or len(written) < length:
        return False
    turned = written[4:length] + written[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
