import asyncio
from dataclasses import dataclass
from typing import cast

import pytest
from structlog.testing import capture_logs

from gatepost.app import mending
from gatepost.db.launcher import Cluster, LauncherError


@dataclass
class Away:
    """A PostgreSQL whose way is lost so many times, then another's, then there."""

    stop: asyncio.Event
    looks: int = 0

    def keep_way(self) -> bool:
        self.looks += 1
        if self.looks in {2, 3}:
            raise LauncherError("it belongs to another account")
        if self.looks == 5:
            self.stop.set()
        return self.looks in {1, 4}


async def test_a_way_that_was_lost_is_told_once_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "LOOK_S", 0.001)
    stop = asyncio.Event()
    with capture_logs() as lines:
        await mending.keep_reachable(cast("Cluster", Away(stop)), stop)
    assert [line["event"] for line in lines] == [
        "postgres.way_restored",
        "postgres.way_lost",
        "postgres.way_restored",
    ]
