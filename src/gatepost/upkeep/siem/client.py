"""One batch to one receiver, through egress: HTTP with gzip, or a TLS connection that is written to."""

import asyncio
import fcntl
import gzip
import ssl
import struct
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from gatepost import egress as way
from gatepost.egress import Egress, EgressRefusedError, Errand, UnreachableError, UntrustedError
from gatepost.egress.http import trusted
from gatepost.upkeep.siem import syslog
from gatepost.upkeep.siem.answers import again
from gatepost.upkeep.siem.paper import Confirmed, Dialect, Verdict
from gatepost.upkeep.siem.splunk import Splunk

TIMEOUT_S = 30.0
ANSWER_MAX_OCTETS = 4 * 1024 * 1024
"""An answer of ``_bulk`` names every item, with some 400 octets each."""

CLOSING_S = 2.0
"""How long a syslog receiver may take to say that it closes, too."""

_POLL_S = 0.01
_POLLS = 2  # what the loop still holds of what was written, it hands over between the two

RETRY_AFTER_MAX_S = 3600.0
GZIP_LEVEL = 5


@lru_cache(maxsize=64)
def trust_of(authorities: str) -> ssl.SSLContext:
    """Return what a certificate is checked with: the given authorities alone, the well-known ones where none is given.

    Raises:
        ValueError: they are no PEM.
    """
    if not authorities:
        return trusted()
    try:
        context = ssl.create_default_context(cadata=authorities)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("the certificate authorities are no PEM") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class HttpWay:
    """Posts batches.

    Args:
        egress: checks and counts.
        errand: why.
        dialect: how the receiver is spoken to.
        authorities: PEM; empty for the well-known ones.
    """

    def __init__(self, egress: Egress, errand: Errand, dialect: Dialect, authorities: str) -> None:
        self._egress = egress
        self._errand = errand
        self._dialect = dialect
        self._trust = trust_of(authorities)

    async def send(self, batch: Sequence[bytes]) -> Verdict:
        """Return what became of a batch; raises for nothing the network or the receiver did."""
        body = await asyncio.to_thread(gzip.compress, self._dialect.body(batch), GZIP_LEVEL, mtime=0)
        headers = {**self._dialect.headers, "Content-Encoding": "gzip", "User-Agent": "Gatepost"}
        try:
            answer = await self._post(self._dialect.url, body, headers)
        except EgressRefusedError as error:
            return Verdict(stop=f"egress.refused.{error.rule.value}")
        except TimeoutError:
            return again(len(batch), "receiver.too_slow")
        except UntrustedError:
            return again(len(batch), "receiver.untrusted")
        except UnreachableError:
            return again(len(batch), "receiver.unreachable")
        verdict = self._dialect.judge(len(batch), answer.status_code, answer.body)
        if verdict.again:
            asked_s = way.seconds_asked(answer.retry_after, self._egress.clock())
            verdict = replace(verdict, wait_s=min(asked_s, RETRY_AFTER_MAX_S))
        return verdict

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> way.HttpAnswer:
        return await way.post(
            self._egress,
            self._errand,
            url,
            body,
            headers,
            timeout_s=TIMEOUT_S,
            answer_max_octets=ANSWER_MAX_OCTETS,
            trust=self._trust,
        )


class SplunkWay(HttpWay):
    """Posts batches, and asks later which of them are indexed."""

    def __init__(self, egress: Egress, errand: Errand, splunk: Splunk, authorities: str) -> None:
        super().__init__(egress, errand, splunk, authorities)
        self._splunk = splunk

    async def indexed(self, acks: Sequence[int]) -> Confirmed:
        """Return which batches are; none where nobody answers, which raises nothing."""
        try:
            answer = await self._post(self._splunk.ack_url, self._splunk.ask(acks), self._splunk.headers)
        except (EgressRefusedError, TimeoutError, UnreachableError):
            return Confirmed()
        said = self._splunk.indexed(answer.status_code, answer.body)
        return replace(said, numbers=said.numbers & frozenset(acks))


class SyslogWay:
    """Writes frames to a TLS connection of their own.

    No receiver of syslog ever says that it has stored anything. What was sent is what its TCP has acknowledged to the
    last octet, with our close_notify behind it. It must answer that with its own (RFC 5425 section 4.4), and we need
    not wait: one that does not answer has been sent everything all the same. One that resets the connection has not.
    """

    def __init__(self, egress: Egress, errand: Errand, url: str, authorities: str) -> None:
        self._egress = egress
        self._errand = errand
        self._host, self._port = syslog.read_place(url)
        self._trust = trust_of(authorities)

    async def send(self, batch: Sequence[bytes]) -> Verdict:
        """Return what became of a batch; raises for nothing the network or the receiver did."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._write(b"".join(map(syslog.frame, batch)))
        except EgressRefusedError as error:
            return Verdict(stop=f"egress.refused.{error.rule.value}")
        except TimeoutError:
            return again(len(batch), "receiver.too_slow")
        except ssl.SSLCertVerificationError:
            return again(len(batch), "receiver.untrusted")
        except (UnreachableError, OSError):
            return again(len(batch), "receiver.unreachable")
        return Verdict()

    async def _write(self, octets: bytes) -> None:
        connected = await self._egress.connect(self._errand, self._host, self._port, timeout_s=TIMEOUT_S)
        try:
            reader, writer = await asyncio.open_connection(
                sock=connected.socket,
                ssl=self._trust,
                server_hostname=self._host,
                ssl_shutdown_timeout=CLOSING_S,
            )
        except BaseException:
            connected.socket.close()
            raise
        try:
            writer.write(octets)
            await writer.drain()
            if reader.at_eof():
                raise UnreachableError("the receiver hung up")
            await _acknowledged(connected.socket.fileno)
        finally:
            writer.close()
        with suppress(TimeoutError):
            await writer.wait_closed()


async def _acknowledged(descriptor: Callable[[], int]) -> None:
    """Wait until the other side's TCP has acknowledged all that was written.

    Raises:
        UnreachableError: the connection broke meanwhile.
    """
    quiet = 0
    while quiet < _POLLS:
        await asyncio.sleep(_POLL_S)
        if (number := descriptor()) < 0:
            raise UnreachableError("the connection broke")
        outstanding = fcntl.ioctl(number, termios.TIOCOUTQ, bytes(4))  # SIOCOUTQ of a socket
        quiet = quiet + 1 if struct.unpack("i", outstanding) == (0,) else 0
