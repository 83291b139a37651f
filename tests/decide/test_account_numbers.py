"""Numbers of cards and accounts are found however they are spaced, and other numbers are none."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.decide.account_numbers import has_card_number, has_iban

# Numbers that payment companies publish for tests.
CARDS = (
    "4111111111111111", "4222222222222", "5555555555554444", "2223003122003222", "378282246310005", "30569309025904",
    "6011111111111117", "3530111333300000", "6759649826438453",
)  # fmt: skip
IBANS = (
    "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
)  # fmt: skip


@pytest.mark.parametrize("between", ["  ", "   ", "\t", " - ", " \u2013 ", " . "])
def test_a_card_number_that_is_spread_out_is_found(between: str) -> None:
    assert has_card_number(f"it is {between.join(('4111', '1111', '1111', '1111'))}, thanks")
    assert not has_card_number(between.join(("4111", "1111", "1111", "1112")))


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("text", ["{}", "card: {}, exp 12/29", "\n{}\n", "({})"])
def test_a_card_number_is_found(card: str, text: str) -> None:
    assert has_card_number(text.format(card))


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41111111 11111111",
        "+4111111111111111",
        "3782 822463 10005",
        "invoice 20 4111 1111 1111 1111 12 29 123",
        "4111\u20111111\u20111111\u20111111",
        "4111\u00a01111\u20091111\u202f1111",
        "4111\u00b71111 \u2212 1111\u20221111",
        "4111\u200b1111\u2060111\u00ad11111",
        "\uff14\uff11\uff11\uff11 1111 1111 1111",
        "".join(chr(0x660 + int(digit)) for digit in "4111111111111111"),
        "".join(chr(0x6F0 + int(digit)) for digit in "4111111111111111"),
        "4111 1111\n1111 1111",
        "> 4111 1111 1111\r\n> 1111",
        "4111\n1111\n1111\n1111\n",
        "4111,1111,1111,1111",
        "| 4111 | 1111 | 1111 | 1111 |",
        "4111111111111111 12/29 123",
        "20 4111111111111111",
        "\u5361\u53f74111111111111111",
        "call +49 30 901820\n378282246310005",
        "4111:1111:1111:1111",
        "4111'1111'1111'1111",
        "(4111)(1111)(1111)(1111)",
        "**4111** **1111** **1111** **1111**",
        '["4111", "1111", "1111", "1111"]',
        "pan=4111+1111+1111+1111",
        "4111     1111     1111     1111",
        "4111\u28001111\u28001111\u28001111",
        "".join(f"{digit}\ufe0f\u20e3" for digit in "4111111111111111"),
        "".join(f"{digit}\u0336" for digit in "4111111111111111"),
        "card4111111111111111",
        "Visa4111 1111 1111 1111",
        "cardNumber4111111111111111exp12/29",
        "4111111111111111cvv123",
    ],
)
def test_a_spaced_card_number_is_found(text: str) -> None:
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # check digit
        "9111111111111110",  # no issuer
        "41111111111111119",  # no length of that issuer's
        "A4111111111111111",
        "4111111111111111B",
        "discard4111111111111111",
        "(4111)(1111)(1111)(1112)",
        "+4222222222222",
        "+49 30 901820 and +44 20 7946 0958",
        "2026-11-21 10:15 2026-11-22 11:15",
        "order 1234567890123456",
        "4111 1111 1111",
        "4111, 2222, 3333, 4444, 5555",
        "41111111\n11111111",  # two numbers in a column
        "",
    ],
)
def test_other_numbers_are_no_card(text: str) -> None:
    assert not has_card_number(text)


@given(st.sampled_from(CARDS), st.integers(0, 18), st.integers(1, 9))
def test_one_wrong_digit_is_no_card(card: str, place: int, more: int) -> None:
    place %= len(card)
    wrong = card[:place] + str((int(card[place]) + more) % 10) + card[place + 1 :]
    assert not has_card_number(wrong)


@pytest.mark.parametrize("iban", IBANS)
def test_an_iban_is_found_in_every_spelling(iban: str) -> None:
    grouped = " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
    dashed, thin = grouped.replace(" ", "\u2013"), grouped.replace(" ", "\u202f")
    broken, after = grouped.replace(" ", "\r\n> ", 2), f"no12 {grouped}"
    for text in (iban, grouped, grouped.lower(), f"IBAN {grouped} is ours", f"({iban}).", dashed, thin, broken, after):
        assert has_iban(text), text
    country, dotted = f"{iban[:2]} {iban[2:4]} {grouped[5:]}", grouped.replace(" ", ".")
    for text in (
        country,
        " ".join(iban),
        f"IBAN{iban}",
        dotted,
        grouped.replace(" ", " / "),
        grouped.replace(" ", "_"),
    ):
        assert has_iban(text), text


@pytest.mark.parametrize(
    "text",
    [
        "DE89370400440532013001",
        "ZZ89370400440532013000",
        "DE8937040044",
        "xDE8937040044",
        "de 89 3704 0044 0532 0130 00",
        "",
    ],
)
def test_other_codes_are_no_iban(text: str) -> None:
    assert not has_iban(text)


@pytest.mark.parametrize(
    "piece",
    ["4 ", "4", "4-", "41111111111111112 ", "DE89", "DE89 ", "AB12 ", "4444 4444 4444 4444 ", "4,", "4444,\n", "4 \n"],
)
def test_time_grows_with_the_text_and_no_faster(piece: str) -> None:
    def spent(size: int) -> float:
        text = piece * (size // len(piece)) + "x"
        begun = time.process_time()
        has_card_number(text)
        has_iban(text)
        return time.process_time() - begun

    spent(20_000)
    assert spent(320_000) < 60 * max(spent(20_000), 0.002)  # 16 times the text; a square would take 256 times
