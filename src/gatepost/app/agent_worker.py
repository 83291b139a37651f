"""The process that runs hosted agents: it alone knows the model's key, and gets out through egress or not at all.

``python -m gatepost.app.agent_worker``: as with the SMTP workers, what to do comes in on standard input, which stays
open for as long as whoever started us lives. Lines on standard output say that the loop turns.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path

import structlog

from gatepost import journey
from gatepost.act import hosted
from gatepost.act.hosted.paper import Call, Passed, Result, Said, Speech, Turn
from gatepost.act.hosted.price import Prices, PricesError, read, shipped
from gatepost.app import logs, model_key
from gatepost.app.agent_files import readable, writable
from gatepost.app.agent_tools import all_tools, password_of, token_of
from gatepost.app.build import open_house
from gatepost.app.confine import is_confined
from gatepost.app.errors import STOP_ANSWER_S
from gatepost.app.fence import fence
from gatepost.app.guard import Guard
from gatepost.app.noting import noting
from gatepost.app.process import give_back_large_blocks
from gatepost.app.usher import confine_and_ask
from gatepost.app.worker import beat, hear
from gatepost.app.workers import Order
from gatepost.egress import Errand, Purpose
from gatepost.ids import KeyId
from gatepost.journey import House
from gatepost.keys import ErasedError
from gatepost.reply.paper import Letter, ParentMissingError, ReplyRefusedError, Sent, Voice
from gatepost.reply.paper import Said as Answered
from gatepost.settings import Settings, SettingsError

log = structlog.get_logger()


async def work() -> None:
    """Take turns until SIGTERM, or until standard input ends; then let calls under way be finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    order = await hear(told)
    if order is None:
        return
    give_back_large_blocks()
    _close(order)
    async with open_house(order.settings, order.dsn, door=order.door) as house, noting(house):
        log.info("agents.process_ready", is_confined=is_confined(os.getpid()))
        async with asyncio.TaskGroup() as chores:
            chores.create_task(house.jobs.run(hosted.handlers(desk(order.settings, house)), stop))
            orphaned = chores.create_task(_orphaned(told, stop))
            chores.create_task(beat(stop))
            await stop.wait()
            house.hurry(STOP_ANSWER_S)
            orphaned.cancel()


def _close(order: Order) -> None:
    """Close every way out but the door, and every file but those it needs, before anything is opened.

    Raises:
        ConfineError: the kernel does not, and must.
        SettingsError: a file that declares tools or calendars cannot be used.
    """
    folder = Path(order.door).parent
    try:
        if not confine_and_ask(folder):
            log.warning("agents.sockets_open")
    except OSError as error:
        log.error("agents.unconfined", why=str(error), is_fatal=order.settings.agents.must_be_confined)
        if order.settings.agents.must_be_confined:
            raise
    if not fence(readable(order.settings, order.dsn), writable(order.settings)):
        log.warning("agents.files_open")  # the account's own permissions are all there is
    Guard(folder).install()


def desk(settings: Settings, house: House) -> hosted.Desk:
    """Return what turns work with."""

    async def ask(turn: Turn, body: bytes) -> Said:
        errand = Errand(Purpose.MODEL, turn.agent, turn.tenant)
        key = model_key.take(settings.state, house.keyring)
        return await hosted.ask(house.egress, errand, settings.agents.url, key, body)

    async def say(speech: Speech) -> Result:
        return await speak(speech, house)

    async def pass_on(passed: Passed) -> Result:
        return await forward(passed, house)

    async def post(tool: hosted.HttpTool, call: Call) -> Result:
        try:
            token = token_of(tool)
        except SettingsError:
            return Result(value={"reason": "tool.token_missing"}, is_error=True)
        return await hosted.call_tool(house.egress, tool, call, token=token)

    async def reach_server(server: hosted.McpServer, tool: hosted.McpTool, call: Call) -> Result:
        from gatepost.act.hosted.mcp_client import call_mcp  # noqa: PLC0415  # a second to load, for houses that use it

        try:
            token = token_of(server)
        except SettingsError:
            return Result(value={"reason": "tool.token_missing"}, is_error=True)
        return await call_mcp(house.egress, server, tool, call, token=token)

    async def reach(calendar: hosted.Calendar, call: Call, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        try:
            password = password_of(calendar)
        except SettingsError:
            return 0, b""
        return await hosted.reach_calendar(house.egress, calendar, call, method, path, body, password=password)

    return hosted.Desk(
        db=house.db,
        jobs=house.jobs,
        clock=house.clock,
        entropy=house.entropy,
        ask=ask,
        tools=all_tools(
            [*hosted.kit(house.db, say), hosted.forward_tool(house.db, pass_on)], settings, post, reach, reach_server
        ),
        judge=hosted.judge,
        prices=prices_of(settings),
    )


async def speak(speech: Speech, house: House) -> Result:
    """Let what a turn says set out on the journey; the gate's refusal is a result like any other."""
    said = Answered(
        tenant=speech.tenant,
        account=speech.account,
        submitter=KeyId(speech.agent),
        parent=speech.parent,
        voice=Voice.REPLY,
        text=speech.text,
        idempotency_key=speech.key,
    )
    return await _outcome(journey.answer(said, house))


async def forward(passed: Passed, house: House) -> Result:
    """Let a forwarded message set out on the journey, as a letter."""
    letter = Letter(
        tenant=passed.tenant,
        account=passed.account,
        submitter=KeyId(passed.agent),
        to=passed.to,
        subject=passed.subject,
        text=passed.text,
        idempotency_key=passed.key,
    )
    return await _outcome(journey.send(letter, house))


async def _outcome(sending: Awaitable[Sent]) -> Result:
    try:
        sent = await sending
    except ReplyRefusedError as refusal:
        return Result(value={"reason": refusal.reason}, is_error=True)
    except (ParentMissingError, ErasedError):
        return Result(value={"reason": "message.gone"}, is_error=True)
    return Result(value={"submission": sent.submission})


def prices_of(settings: Settings) -> Prices:
    """Return the price table: the operator's, or the one of this release.

    Raises:
        SettingsError: the operator's cannot be read.
    """
    if not settings.agents.prices:
        return shipped()
    try:
        return read(Path(settings.agents.prices).read_text())
    except (OSError, UnicodeDecodeError, PricesError) as error:
        raise SettingsError(f"agents.prices: {error}") from error


async def _orphaned(told: asyncio.StreamReader, stop: asyncio.Event) -> None:
    """Stop once nobody can tell us anything any more."""
    while await told.read(4096):
        pass
    stop.set()


def main() -> None:
    """Hear the order and carry it out. Not with uvloop, which connects beneath the guard."""
    logs.to_stream(sys.stderr)
    logs.hush_crashes(sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us, who then ends us in order
    asyncio.run(work())


if __name__ == "__main__":
    main()
