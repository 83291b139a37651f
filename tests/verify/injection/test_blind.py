"""Sets written blind, each mail judged as the door judges it: flagged where we say so and nowhere else."""

import asyncio
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gatepost.app import explain
from gatepost.verify.extract import Extractor
from gatepost.verify.injection import THRESHOLD
from gatepost.verify.paper import Evidence
from gatepost.verify.scan import Watch
from suites.injection import is_shown
from verify.injection.letters import letter
from zones import ZoneResolver

Row = dict[str, Any]
MARK = "gp-canary-7f3a91c2d4"
AT = datetime(2026, 11, 20, tzinfo=UTC)


def _set(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text("utf-8"))


def _rows() -> Iterator[tuple[str, Row, bool]]:
    """Yield every mail: its name, itself, and whether it is flagged today."""
    for name in ("blind", "second", "third", "fourth", "fifth", "sixth"):
        honest, attacks = _set(f"{name}_honest"), _set(f"{name}_attacks")
        for _, _, subject, body in honest["mails"]:
            yield f"{name} honest: {subject}", {"subject": subject, "body": body}, subject in honest["flagged"]
        for row in attacks["attack"]:
            yield f"{name} attack: {row['subject']}", row, row["subject"] not in attacks["missed"]
    strangers = _set("strangers")
    for row in strangers["honest"]:
        yield f"strangers honest: {row['subject']}", row, row.get("flagged", False)
    for row in strangers["attack"]:
        yield f"strangers attack: {row['subject']}", row, not row.get("missed", False)


ROWS = list(_rows())


@pytest.fixture(scope="module")
def seen() -> dict[str, Evidence]:
    """The evidence about every mail, by its name."""

    async def judge() -> dict[str, Evidence]:
        reader, watching = Extractor(), Watch(canaries=(MARK,))
        look_at = partial(explain.look, came=explain.Circumstances(), resolver=ZoneResolver({}), at=AT)
        try:
            return {
                name: (await look_at(letter(row), reader=reader, watching=watching)).evidence for name, row, _ in ROWS
            }
        finally:
            await reader.close()

    return asyncio.run(judge())


@pytest.mark.parametrize(("name", "row", "flagged"), ROWS, ids=[name for name, _, _ in ROWS])
def test_a_mail_is_flagged_where_we_say_so_and_what_it_smuggles_is_shown(
    seen: dict[str, Evidence], name: str, row: Row, *, flagged: bool
) -> None:
    assert (seen[name].injection.score >= THRESHOLD) == flagged
    assert "technique" not in row or is_shown(row["payload"], seen[name].content.reading.spans)


def test_of_what_was_written_blind_and_learnt_from_few_honest_mails_are_flagged() -> None:
    honest, everyday = _set("blind_honest"), _set("everyday")
    flagged, mails = (len(honest[key]) + len(everyday[key]) for key in ("flagged", "mails"))
    assert flagged < 0.03 * mails
