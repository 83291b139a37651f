"""A house that counts inside itself: a process of the bench's own, which tells of it in a file, and is sent mail."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from corpus import Mail, Senders, Shape
from load import Outcome, send_all
from subject import Gatepost, let_in
from zone import Zone, serve

AFTER_S = 4.0
"""How long what the last mail left to do may take."""
_HEAT = 300
_ASKED = "--house"


def asked_for_the_house() -> Path | None:
    """Return where to tell, if this process is to be the house; its arguments are then those of ``gatepost``."""
    if sys.argv[1:2] != [_ASKED]:
        return None
    told = Path(sys.argv[2])
    sys.argv[:] = ["gatepost", *sys.argv[3:]]
    return told


def tell(told: Path, counts: Callable[[], Any], every_s: float) -> None:
    """Write down what is counted, again and again, beside the house; a reader finds it whole."""

    def write() -> None:
        while True:
            told.with_suffix(".new").write_text(json.dumps(counts()))
            told.with_suffix(".new").replace(told)
            time.sleep(every_s)

    threading.Thread(target=write, daemon=True).start()


@dataclass(frozen=True, slots=True)
class Counting:
    """A house that is up and warm, and the mails it is to be sent."""

    house: Gatepost
    told: Path
    mails: list[Mail]
    connections: int

    async def send(self) -> Outcome:
        """Send the mails, and wait until what they leave to do is done."""
        host, port = str(self.house.sandbox["smtp_host"]), int(self.house.sandbox["smtp_port"])
        done = await send_all(host, port, self.mails, self.connections)
        await asyncio.sleep(AFTER_S)
        return done

    def counts(self) -> Any:
        """Return what the house told last."""
        return json.loads(self.told.read_text())


@asynccontextmanager
async def counting(script: str, options: argparse.Namespace) -> AsyncIterator[Counting]:
    """Start a script of the bench as a house, warm it up, and stop it at the end.

    Args:
        script: its file; told to, it becomes the house.
        options: ``count``, ``connections``, and those of ``corpus.add_options``.
    """
    zone = Zone()
    senders = Senders(zone, 100, "w", options.authors, Shape.of(options))
    with tempfile.TemporaryDirectory(prefix="gatepost-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o711)  # noqa: PTH101, S103  # PostgreSQL's account passes through it
        told = Path(folder) / "told"
        async with serve(zone) as dns_port:
            house = Gatepost(Path(folder), f"127.0.0.1:{dns_port}", runs=[sys.executable, script, _ASKED, str(told)])
            try:
                await asyncio.to_thread(house.wait)
                to = await let_in(Path(folder), senders.domains, options.mailboxes)
                now = datetime.now(UTC)  # noqa: TID251  # the bench is its own clock
                heat, mails = (
                    list(senders.mails(number, to, now, seed=seed)) for seed, number in ((1, _HEAT), (2, options.count))
                )
                await Counting(house, told, heat, options.connections).send()
                yield Counting(house, told, mails, options.connections)
            finally:
                await asyncio.to_thread(house.stop)
