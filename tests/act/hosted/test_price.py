import pytest

from gatepost.act.hosted.paper import Usage
from gatepost.act.hosted.price import PricesError, price_of, read, shipped

TABLE = """
[model-a]
input = 3.0
output = 15
cache_write = 3.75
cache_read = 0.3
[model-a-small]
input = 0.25
output = 0.5
cache_write = 0
cache_read = 0
"""


def test_a_call_costs_what_its_tokens_cost() -> None:
    price = price_of(read(TABLE), "model-a-2026")
    assert price is not None
    assert price.of(Usage(input=1_000, output=100, cache_write=4, cache_read=10)) == 3_000 + 1_500 + 15 + 3


def test_the_longest_name_that_fits_holds_and_halves_are_rounded_up() -> None:
    small = price_of(read(TABLE), "model-a-small-1")
    assert small is not None
    assert small.of(Usage(input=2)) == 1


def test_a_model_nobody_listed_has_no_price() -> None:
    assert price_of(read(TABLE), "model-b") is None


def test_the_table_of_this_release_can_be_read() -> None:
    assert price_of(shipped(), "claude-sonnet-4-5") is not None


@pytest.mark.parametrize(
    "text", ["=", "[a]\ninput = 1", TABLE.replace("15", '"15"'), TABLE.replace("15", "-1"), "a = 1"]
)
def test_a_table_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(PricesError):
        read(text)
