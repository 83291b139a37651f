"""The house under demonstration, from outside: its command line, its REST door, and nothing of its code."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

START_WAIT_S = 90
STOP_WAIT_S = 20
COMMAND_WAIT_S = 60
REST_WAIT_S = 10
ROWS_A_PAGE = 100


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do next."""


@dataclass(slots=True)
class House:
    """A running house, as its ``gatepost sandbox --json`` describes it."""

    environment: dict[str, str]
    client: httpx2.AsyncClient
    sandbox: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The sandbox agent's mail address."""
        return str(self.sandbox["address"])

    @property
    def smtp(self) -> tuple[str, int]:
        """Where it takes mail."""
        return str(self.sandbox["smtp_host"]), int(self.sandbox["smtp_port"])

    async def command(self, *words: str) -> tuple[int, str, str]:
        """Run ``gatepost WORDS``; return exit code, output and complaints."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gatepost", *words),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND_WAIT_S):
                out, err = await process.communicate()
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
        return process.returncode or 0, out.decode(), err.decode()

    async def must(self, *words: str) -> str:
        """Run a command that has to succeed; return its output."""
        code, out, err = await self.command(*words)
        if code != 0:
            raise DemoError(f"`gatepost {' '.join(words)}` ended with {code}:\n{out}{err}")
        return out

    async def records(self) -> list[tuple[str, str, str]]:
        """Return what the agent's domain should publish, as (name, type, text)."""
        found = json.loads(await self.must("domain", "records", self.address.partition("@")[2], "--json"))
        return [(record["name"], record["rdtype"], record["text"]) for record in found]

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call the REST door with the owner's key; ``path`` is below the mailbox."""
        headers = {"Authorization": f"Bearer {self.sandbox['api_key']}"}
        url = f"{self.sandbox['base_url']}/v1/mailboxes/{self.sandbox['mailbox_id']}/{path}"
        answer = await self.client.request(method, url, headers=headers, json=body)
        if answer.is_error:
            raise DemoError(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return answer.json()

    async def rows(self) -> list[dict[str, Any]]:
        """Return the whole audit log, newest first, page by page."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.ask("GET", f"audit-logs?limit={ROWS_A_PAGE}{cursor}")
            rows.extend(page["items"])
            if page["next_cursor"] is None:
                return rows
            cursor = f"&cursor={page['next_cursor']}"


def environment(outer: Mapping[str, str], state: Path, *, dns_port: int, sink_port: int) -> dict[str, str]:
    """Return what a newcomer would export; settings of another house do not leak in."""
    inherited = {name: value for name, value in outer.items() if not name.startswith("GATEPOST_")}
    return inherited | {
        "GATEPOST_STATE": str(state),
        "GATEPOST_SMTP__PORT": "0",
        "GATEPOST_HTTP__PORT": "0",
        "GATEPOST_DNS__SERVERS": f"127.0.0.1:{dns_port}",
        "GATEPOST_DELIVERY__NEXT_HOP": f"127.0.0.1:{sink_port}",
    }


@contextlib.asynccontextmanager
async def running(surroundings: dict[str, str], log: Path) -> AsyncIterator[House]:
    """Start a house; stop it, whatever happens. What it says goes to ``log``."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gatepost", "up"),
            env=surroundings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    try:
        async with httpx2.AsyncClient(timeout=REST_WAIT_S, trust_env=False) as client:
            house = House(surroundings, client)
            await _wait_until_up(house, process, log)
            yield house
    finally:
        await stop(process)


async def _wait_until_up(house: House, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + START_WAIT_S
    while True:
        if process.returncode is not None:
            raise DemoError(
                f"the house ended with {process.returncode} before it was up. Its last words:\n{tail(log)}\n"
                "Try `make run` to see it alone."
            )
        code, out, _ = await house.command("sandbox", "--json")
        if code == 0:
            house.sandbox = json.loads(out)
            return
        if time.monotonic() > deadline:
            raise DemoError(f"the house was not up after {START_WAIT_S} s. Its last words:\n{tail(log)}")
        await asyncio.sleep(0.2)


def tail(log: Path, lines: int = 25) -> str:
    """Return the end of a log for a person to read."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


async def stop(process: asyncio.subprocess.Process, *, wait_s: float = STOP_WAIT_S) -> None:
    """Ask a child to end, as Ctrl-C would; insist after a while."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(wait_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
