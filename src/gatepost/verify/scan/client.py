"""The conversations with scanners; every connection goes out through ``egress``."""

from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from dataclasses import dataclass

import httpx2

from gatepost.egress import Egress, EgressRefusedError
from gatepost.verify.paper import Content, ScanVerdict
from gatepost.verify.scan import clamd, classifier, icap
from gatepost.verify.scan.icap import Service
from gatepost.verify.scan.watch import ScannerError

PURPOSE = "scan"


@dataclass(frozen=True, slots=True)
class Clamd:
    """A clamd at ``host:port``, or at the socket ``path`` of this machine."""

    egress: Egress
    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def name(self) -> str:
        """How verdicts call it."""
        return clamd.NAME

    async def scan(self, raw: bytes, content: Content) -> ScanVerdict:  # noqa: ARG002  # one shape for all scanners
        """Send the message piece by piece and read the verdict.

        Raises:
            ScannerError: nobody is there, or the answer is no verdict.
        """
        try:
            if self.path:
                opened = await self.egress.local_stream(PURPOSE, self.name, self.path)
            else:
                opened = await self.egress.stream(PURPOSE, self.name, self.host, self.port)
            answer = await _converse(*opened, clamd.conversation(raw), clamd.ANSWER_MAX_OCTETS)
        except (EgressRefusedError, OSError) as error:
            raise ScannerError("clamd cannot be reached") from error
        return clamd.verdict(answer)


@dataclass(frozen=True, slots=True)
class Icap:
    """An ICAP service."""

    egress: Egress
    service: Service

    @property
    def name(self) -> str:
        """How verdicts call it."""
        return icap.NAME

    async def scan(self, raw: bytes, content: Content) -> ScanVerdict:  # noqa: ARG002  # one shape for all scanners
        """Send the message inside HTTP inside ICAP and read what comes back.

        Raises:
            ScannerError: nobody is there, or the answer is no verdict.
        """
        try:
            opened = await self.egress.stream(PURPOSE, self.name, self.service.host, self.service.port)
            sent = [icap.request(self.service, raw)]
            answer = await _converse(*opened, sent, icap.answer_max_octets(raw))
        except (EgressRefusedError, OSError) as error:
            raise ScannerError("the ICAP service cannot be reached") from error
        return icap.verdict(answer, raw)


@dataclass(frozen=True, slots=True)
class Classifier:
    """A classifier over HTTP."""

    egress: Egress
    url: str
    timeout_s: float

    @property
    def name(self) -> str:
        """How verdicts call it."""
        return classifier.NAME

    async def scan(self, raw: bytes, content: Content) -> ScanVerdict:  # noqa: ARG002  # one shape for all scanners
        """Post the reading and read the score.

        Raises:
            ScannerError: nobody is there, or the answer is no score.
        """
        body, headers = classifier.request(content), {"Content-Type": "application/json"}
        answer = bytearray()
        try:
            async with (
                self.egress.http(PURPOSE, self.name, timeout_s=self.timeout_s) as http,
                http.stream("POST", self.url, content=body, headers=headers) as response,
            ):
                if not response.is_success:
                    raise ScannerError(f"HTTP status {response.status_code}")
                async for chunk in response.aiter_bytes():
                    answer += chunk
                    if len(answer) > classifier.ANSWER_MAX_OCTETS:
                        raise ScannerError("the answer is too long")
        except (EgressRefusedError, httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            raise ScannerError("the classifier cannot be reached") from error
        return classifier.verdict(bytes(answer))


async def _converse(reader: StreamReader, writer: StreamWriter, sent: Iterable[bytes], most_octets: int) -> bytes:
    """Send everything, and return all that comes back until the other side has said it.

    A scanner that has seen enough answers and closes before it has read everything; then its answer still counts.
    """
    try:
        try:
            for piece in sent:
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        return await _all(reader, most_octets)
    finally:
        writer.close()


async def _all(reader: StreamReader, most_octets: int) -> bytes:
    """Read to the end of the stream.

    Raises:
        ScannerError: there is no end within ``most_octets``.
    """
    answer = bytearray()
    while piece := await reader.read(65_536):
        answer += piece
        if len(answer) > most_octets:
            raise ScannerError("the answer is too long")
    return bytes(answer)
