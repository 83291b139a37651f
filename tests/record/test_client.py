import os
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

from gatepost.app.http import listening
from gatepost.app.witness import Witness, application
from gatepost.egress import Destination, Egress, Purpose, Register
from gatepost.ledger.note import CosigningKey
from gatepost.record.client import asking
from ledger.test_witness import LOGS, body

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def way_out(*rows: Destination) -> Egress:
    async def nobody(_: str) -> list[str]:
        return []

    return Egress(Register(rows, allow_private=(ip_network("127.0.0.0/8"),)), nobody, lambda: NOON)


async def test_a_witness_is_asked_over_http(tmp_path: Path) -> None:
    one = Witness(tmp_path, CosigningKey("w.example", os.urandom(32)), LOGS, lambda: NOON)
    async with listening(application(one), "127.0.0.1", 0, door="witness") as port:
        row = Destination(purpose=Purpose.WITNESS, host="127.0.0.1", port=port, is_clear=True)
        ask = asking(way_out(row))
        assert (await ask(f"http://127.0.0.1:{port}/add-checkpoint", body(0, 3))).status == 200
        again = await ask(f"http://127.0.0.1:{port}/add-checkpoint", body(0, 3))
        assert (again.status, again.body) == (409, b"3\n")
        refused = await asking(way_out())(f"http://127.0.0.1:{port}/add-checkpoint", body(0, 3))
        assert (refused.status, refused.body) == (0, b"egress refused it: destination.undeclared")


async def test_a_witness_that_is_not_there_is_told() -> None:
    row = Destination(purpose=Purpose.WITNESS, host="127.0.0.1", port=0, is_clear=True)
    gone = await asking(way_out(row))("http://127.0.0.1:9/add-checkpoint", b"")
    assert (gone.status, gone.body) == (0, b"it cannot be reached")
