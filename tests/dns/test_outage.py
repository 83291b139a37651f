"""The name server is gone while mail comes in: nothing passes, nothing stops, and it mends itself."""

import asyncio
import json
import smtplib
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dns.message
import pytest

from cli.process import Process
from hostile_dns import answer, serving

pytestmark = pytest.mark.timeout(300)

DOMAINS = [f"d{number}.example" for number in range(12)]
POLICY = {
    "defaultAction": "bounce",
    "senders": [{"match": {"domain": domain}, "capabilities": []} for domain in DOMAINS],
    "auditLog": {"retentionDays": 30},
}
DNS_TIMEOUT_S = 1.5
ANSWERED_WITHIN_S = 20.0
GROWTH_MAX_OCTETS = 40 * 1024**2


class Zone:
    """Everybody may send from here, while there is a name server."""

    def __init__(self) -> None:
        self.is_gone = False

    def __call__(self, question: dns.message.Message, _: bool) -> list[bytes]:  # noqa: FBT001  # the server's own signature
        if self.is_gone:
            return []
        asked = question.question[0]
        is_spf = asked.rdtype.name == "TXT" and asked.name.to_text().count(".") == 2
        return [answer(question, *([f'{asked.name} 1 TXT "v=spf1 ip4:127.0.0.1 -all"'] if is_spf else [])).to_wire()]


@contextmanager
def state_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gatepost-outage-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def send(facts: dict[str, object], domain: str) -> tuple[int, float]:
    """Send one mail; return the code of the answer and how long it took."""
    started = time.monotonic()
    with smtplib.SMTP(str(facts["smtp_host"]), int(str(facts["smtp_port"])), timeout=60) as client:
        try:
            client.sendmail(
                f"boss@{domain}", str(facts["address"]), f"From: boss@{domain}\r\nSubject: x\r\n\r\nHello.\r\n"
            )
        except smtplib.SMTPDataError as refused:
            return refused.smtp_code, time.monotonic() - started
    return 250, time.monotonic() - started


async def flood(facts: dict[str, object], count: int) -> list[tuple[int, float]]:
    """Send mails at once, from all the domains in turn."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(count) as threads:
        sends = [loop.run_in_executor(threads, send, facts, DOMAINS[at % len(DOMAINS)]) for at in range(count)]
        return list(await asyncio.gather(*sends))


async def all_taken(facts: dict[str, object]) -> None:
    """Wait until a flood is taken whole; a slow machine may miss a deadline or two first."""
    async with asyncio.timeout(20):
        while {code for code, _ in await flood(facts, 12)} != {250}:
            pass


def resident_octets(house: Process) -> int:
    assert house.up is not None
    status = Path(f"/proc/{house.up.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def set_policy(house: Process, facts: dict[str, object]) -> None:
    file = house.state / "policy.json"
    file.write_text(json.dumps(POLICY))
    done = house.run("policy", "set", str(facts["mailbox_id"]), str(file))
    assert done.returncode == 0, done.stderr


async def test_an_outage_under_load_passes_nothing_stops_nothing_and_mends_itself() -> None:
    zone = Zone()
    with state_folder() as folder:
        async with serving(zone) as names:
            house = Process(folder, GATEPOST_DNS__SERVERS=names.address, GATEPOST_DNS__TIMEOUT_S=str(DNS_TIMEOUT_S))
            facts = await asyncio.to_thread(house.start)
            try:
                await asyncio.to_thread(set_policy, house, facts)
                await all_taken(facts)
                before = resident_octets(house)

                zone.is_gone = True
                await asyncio.sleep(1.2)  # what was known is forgotten
                names.asked.clear()
                away = await flood(facts, 48)
                assert {code for code, _ in away} == {451}
                assert max(took for _, took in away) < ANSWERED_WITHIN_S
                assert resident_octets(house) - before < GROWTH_MAX_OCTETS
                asked = Counter((name, rdtype) for name, rdtype, _ in names.asked)
                # Four mails of a domain ask together; a question goes out twice, and is left alone for seconds then.
                assert max(asked.values()) <= 8

                zone.is_gone = False
                await all_taken(facts)
            finally:
                await asyncio.to_thread(house.stop)
