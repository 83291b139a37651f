"""A house that serves inside the test's own process: doors, chores and signals are the real ones."""

import asyncio
import hashlib
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gatepost.app import state
from gatepost.app.serve import Calls, serve
from gatepost.app.state import Running
from gatepost.app.systemd import Supervisor
from gatepost.arrive import self_signed
from gatepost.journey import House
from gatepost.settings import DnsSettings, HttpSettings, Settings, SettingsError, SmtpSettings


def settings_in(folder: Path) -> Settings:
    """Return settings of a house on free ports of loopback that asks nobody."""
    state.prepare(folder)
    return Settings(
        state=folder,
        smtp=SmtpSettings(port=0),
        http=HttpSettings(port=0),
        dns=DnsSettings(servers=("127.0.0.1:1",), timeout_s=0.2),
    )


def make_pair(folder: Path, hostname: str) -> tuple[str, str]:
    """Write a fresh certificate for ``hostname`` over what lies in ``folder``."""
    folder.mkdir(exist_ok=True)
    for left in folder.iterdir():
        left.unlink()
    certificate, key = self_signed(folder, hostname, lambda: datetime.now(UTC))  # noqa: TID251  # clients look at it now
    return str(certificate), str(key)


def trusting() -> ssl.SSLContext:
    """Return a client's context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass
class Up:
    """The house that is up; ``wanted`` is what its settings file says now, ``error`` what reading it comes to."""

    house: House
    running: Running
    wanted: Settings
    error: SettingsError | None = None

    def reread(self) -> Settings:
        if self.error:
            raise self.error
        return self.wanted


@asynccontextmanager
async def up(settings: Settings, dsn: str, environment: dict[str, str] | None = None) -> AsyncIterator[Up]:
    """Serve while the context lasts; end by SIGTERM, unless the test has sent one."""
    found: asyncio.Future[Up] = asyncio.get_running_loop().create_future()

    async def ready(house: House, running: Running) -> None:
        found.set_result(Up(house, running, settings))

    calls = Calls(ready=ready, reread=lambda: found.result().reread(), supervisor=Supervisor(environment or {}))
    with state.locked(settings.state):
        serving = asyncio.ensure_future(serve(settings, dsn, cluster=None, calls=calls))
        while not found.done():
            await asyncio.sleep(0.01)
            if serving.done():
                serving.result()
        try:
            yield found.result()
        finally:
            if not serving.done():
                signal.raise_signal(signal.SIGTERM)
            await serving


class Smtp:
    """A client that says one line at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "Smtp":
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        assert (await client.heard()).startswith("220 ")
        return client

    async def heard(self) -> str:
        """Return the last line of one reply; empty where the house has hung up."""
        async with asyncio.timeout(10):
            while line := (await self._reader.readline()).decode():
                if line[3:4] != "-":
                    return line.rstrip()
        return ""

    async def say(self, line: str) -> str:
        self.writer.write(f"{line}\r\n".encode())
        return await self.heard()

    async def secure(self) -> str:
        """Begin TLS; return the SHA-256 of the certificate shown."""
        assert (await self.say("STARTTLS")).startswith("220 ")
        await self.writer.start_tls(trusting())
        return shown(self.writer)

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (OSError, ssl.SSLError):
            return


def shown(writer: asyncio.StreamWriter) -> str:
    """Return the SHA-256 of the certificate the other side showed."""
    return hashlib.sha256(writer.get_extra_info("ssl_object").getpeercert(binary_form=True)).hexdigest()


class Http:
    """A connection that is kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int, *, tls: bool = True) -> "Http":
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=trusting() if tls else None))

    async def get(self, path: str) -> tuple[int, dict[str, str], str]:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: house\r\n\r\n".encode())
        return await self.answer()

    async def answer(self) -> tuple[int, dict[str, str], str]:
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, body.decode()

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (OSError, ssl.SSLError):
            return
