"""What tokens cost: a table as data, and arithmetic in millionths of a dollar. Pure."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib import resources

from gatepost.act.hosted.paper import Usage


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens; so a token costs as many millionths."""

    input: Decimal
    output: Decimal
    cache_write: Decimal
    cache_read: Decimal

    def of(self, usage: Usage) -> int:
        """Return what a call cost, in millionths of a dollar, rounded."""
        exact = sum(getattr(self, item.name) * getattr(usage, item.name) for item in fields(self))
        return int(Decimal(exact).quantize(Decimal(1), ROUND_HALF_UP))


Prices = Mapping[str, Price]
"""By the beginning of a model's name."""


class PricesError(ValueError):
    """The table cannot be read; the text says where."""


def read(text: str) -> Prices:
    """Read a table.

    Raises:
        PricesError: it is none.
    """
    try:
        written = tomllib.loads(text, parse_float=Decimal)
        return {name: _price(name, row) for name, row in written.items()}
    except (ValueError, RecursionError) as error:
        raise PricesError(str(error)) from error


@cache
def shipped() -> Prices:
    """Return the table this release came with."""
    return read(resources.files(__package__).joinpath("prices.toml").read_text())


def price_of(prices: Prices, model: str) -> Price | None:
    """Return what a model costs; None where the table does not know it."""
    found = max((name for name in prices if model.startswith(name)), key=len, default=None)
    return None if found is None else prices[found]


def _price(name: str, row: object) -> Price:
    known = {item.name for item in fields(Price)}
    if not isinstance(row, dict) or set(row) != known:
        raise PricesError(f"{name} has exactly the members {', '.join(sorted(known))}")
    if not all(isinstance(each, int | Decimal) and not isinstance(each, bool) and each >= 0 for each in row.values()):
        raise PricesError(f"{name}: each is a number of dollars")
    return Price(**{member: Decimal(each) for member, each in row.items()})
