"""``make demo``: start a throw-away house, send it fifteen mails as the internet would, and see what came of each.

This script does not import gatepost. It knows what any outsider knows: SMTP replies, the REST door, the mail that
comes back, and the exported log. It exits 0 only if everything came out as it must.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

import replies
import report
import scenarios
import sink
import smtp
import zone
from house import DemoError, House, environment, running, stop

HERE = Path(__file__).parent
ROW_WAIT_S = 10
AGENT_WAIT_S = 20
OVERALL_S = 180


@dataclass(slots=True)
class Play:
    """One performance: the stage, the house, and the rows it has shown so far."""

    house: House
    stage: scenarios.Stage
    seen: set[int] = field(default_factory=set)
    answered: dict[str, str] = field(default_factory=dict)

    async def perform(self, scenario: scenarios.Scenario) -> report.Result:
        """Send the scenario's mail, and the one before it; return what came of it."""
        if scenario.first is not None:
            letter = scenario.first(self.stage)
            answer = await smtp.send(letter, *self.house.smtp)
            row = await self._next_row()
            if row["outcome"] != "delivered":
                raise DemoError(f"{scenario.name}: the first mail came to {answer}, {row['outcome']} {row['reason']}")
            await self._until_answered(row, letter)
        letter = scenario.letter(self.stage)
        result = report.Result(scenario, await smtp.send(letter, *self.house.smtp), None)
        if scenario.is_decided:
            result.row = await self._next_row()
            if result.row["outcome"] == "delivered":
                await self._until_answered(result.row, letter)
        elif await self._new_rows():
            result.complaints.append("it was refused in the session and decided all the same")
        return result

    async def _new_rows(self) -> list[dict[str, Any]]:
        rows = [row for row in await self.house.rows() if row["id"] not in self.seen]
        self.seen.update(row["id"] for row in rows)
        return rows

    async def _next_row(self) -> dict[str, Any]:
        """Return the one row the last mail made: exactly one."""
        deadline = time.monotonic() + ROW_WAIT_S
        while time.monotonic() < deadline:
            if rows := await self._new_rows():
                if len(rows) > 1:
                    raise DemoError(f"one mail made {len(rows)} audit rows")
                return rows[0]
            await asyncio.sleep(0.05)
        raise DemoError(f"no audit row after {ROW_WAIT_S} s; see `GET /v1/mailboxes/{{id}}/audit-logs`")

    async def _until_answered(self, row: dict[str, Any], letter: smtp.Letter) -> None:
        """Wait until the agent has answered and said what it spent: then the next mail finds a settled house."""
        label = _header(letter.raw, "Message-ID")
        self.answered[label] = letter.mail_from
        deadline = time.monotonic() + AGENT_WAIT_S
        while time.monotonic() < deadline:
            page = await self.house.ask("GET", f"audit-logs?message_id={row['message_id']}")
            if page["items"] and page["items"][0]["tokens_consumed"] is not None:
                return
            await asyncio.sleep(0.1)
        raise DemoError(f"the agent was not told of {label}, or did not answer, within {AGENT_WAIT_S} s")

    async def settle(self, results: list[report.Result]) -> None:
        """Give each result its log index, which the sequencer assigns after the commit."""
        deadline = time.monotonic() + ROW_WAIT_S
        while time.monotonic() < deadline:
            now = {row["id"]: row for row in await self.house.rows()}
            for result in results:
                if result.row is not None:
                    result.row = now[result.row["id"]]
            if all(result.row is None or result.leaf_index is not None for result in results):
                return
            await asyncio.sleep(0.2)


def _header(raw: bytes, name: str) -> str:
    """Return a field of a message we wrote ourselves."""
    head = raw.partition(b"\r\n\r\n")[0].decode()
    return next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith(f"{name}: "))


@contextlib.asynccontextmanager
async def employed_agent(house: House, folder: Path) -> AsyncIterator[None]:
    """Run the example agent and register it with the house."""
    described, secret = folder / "sandbox.json", folder / "secret.txt"
    for path, text in ((described, json.dumps(house.sandbox)), (secret, "")):
        path.touch(mode=0o600)
        path.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "agent.py"), str(described), str(secret)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        if process.stdout is None:
            raise DemoError("the agent has no voice")
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise DemoError("the agent did not start; try `python examples/demo/agent.py` alone")
        registered = await house.ask("POST", "webhooks", {"url": url})
        secret.write_text(registered["secret"])
        yield
    finally:
        await stop(process)


async def perform_all(play: Play, console: Console) -> list[report.Result]:
    """Send every scenario's mail in turn, and show the table as it grows."""
    results: list[report.Result] = []
    with Live(console=console, auto_refresh=False) if console.is_terminal else contextlib.nullcontext() as live:
        for number, scenario in enumerate(scenarios.SCENARIOS, start=1):
            if live is None:
                print(f"[{number:2}/{len(scenarios.SCENARIOS)}] {scenario.name}: {scenario.story}", flush=True)
            results.append(await play.perform(scenario))
            if live is not None:
                live.update(report.table(results), refresh=True)
        await play.settle(results)
        for result in results:
            result.judge()
        if live is None:
            console.print(report.table(results))
        else:
            live.update(report.table(results), refresh=True)
    return results


async def demonstrate(out: Path, console: Console) -> bool:
    """Play everything; return whether all came out as it must."""
    started = time.monotonic()
    say = partial(console.print, markup=False, highlight=False, soft_wrap=True)
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(throw_away_folder())
        domains = scenarios.internet()
        names = zone.Zone()
        for domain in domains.values():
            for record in domain.records():
                names.add(*record)
        dns_port = await stack.enter_async_context(zone.serve(names))
        caught = await stack.enter_async_context(sink.catch())
        with console.status("starting a house of its own: database, keys, log ..."):
            surroundings = environment(os.environ, folder / "state", dns_port=dns_port, sink_port=caught.port)  # noqa: TID251  # handed on to a child, not read
            house = await stack.enter_async_context(running(surroundings, folder / "house.log"))
            for record in await house.records():
                names.add(*record)
            await house.ask("PUT", "policy", json.loads((HERE / "policy.json").read_text()))
            await stack.enter_async_context(employed_agent(house, folder))
        stage = scenarios.Stage(domains, house.address, await smtp.announced_size(*house.smtp))
        play = Play(house, stage, {row["id"] for row in await house.rows()})
        results = await perform_all(play, console)
        complaints = [f"{r.scenario.name}: {complaint}" for r in results for complaint in r.complaints]
        report.write(results, out)
        with console.status("waiting for the replies, then verifying each of them and the whole log ..."):
            faults = await check_replies(play, caught, dns_port)
            if not faults:
                say(f"replies: {len(caught.caught)}, every DKIM signature verified over DNS")
            for words in (("log", "verify"), ("log", "export", str(out), "--proofs", "all")):
                code, told, complained = await house.command(*words)
                say(f"gatepost {words[1]}: {told.strip()}")
                faults += [f"`gatepost {' '.join(words)}` ended with {code}: {complained.strip()}"] if code else []
    complaints += faults
    say(f"{time.monotonic() - started:.0f} s. {out}/ holds the report, the log, and a proof per decision.")
    for complaint in complaints:
        say(f"WRONG {complaint}")
    return not complaints


async def check_replies(play: Play, caught: sink.Sink, dns_port: int) -> list[str]:
    """Wait for as many replies as there were delivered mails, then look at each."""
    await caught.wait_for(len(play.answered), timeout_s=AGENT_WAIT_S)
    return await asyncio.to_thread(
        lambda: replies.check(list(caught.caught), expected=play.answered, agent=play.house.address, dns_port=dns_port)
    )


@contextlib.contextmanager
def throw_away_folder() -> Iterator[Path]:
    """Make a folder for everything the demo leaves behind, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="gatepost-demo-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run as somebody else, who has to pass through
        yield folder


def cleared(out: Path) -> Path:
    """Make the output folder empty, but never somebody else's."""
    if out.exists() and any(out.iterdir()) and not (out / "report.json").exists() and not (out / "log.vkey").exists():
        raise DemoError(f"{out} holds something that is not a demo's output; name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    return out


def main() -> int:
    """Run the demo; 0 means that everything came out as it must."""
    parser = argparse.ArgumentParser(description="Send fifteen mails through a throw-away Gatepost.")
    parser.add_argument("--out", type=Path, default=Path("demo-out"), help="where the outsider's evidence goes")
    chosen = parser.parse_args()
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)

    async def play() -> bool:
        me = asyncio.current_task()
        if me is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, me.cancel)
        async with asyncio.timeout(OVERALL_S):
            return await demonstrate(cleared(chosen.out.resolve()), console)

    try:
        return 0 if asyncio.run(play()) else 1
    except DemoError as error:
        console.print(f"The demo could not finish: {error}", markup=False, highlight=False, soft_wrap=True)
        return 2
    except TimeoutError:
        console.print(f"The demo could not finish within {OVERALL_S} s; is the machine very busy?")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped; nothing is left running")
        return 130


if __name__ == "__main__":
    sys.exit(main())
