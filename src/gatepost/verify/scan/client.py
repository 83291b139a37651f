"""The conversations with scanners; every connection goes out through ``egress``."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from dataclasses import dataclass

from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, UnreachableError, post
from gatepost.verify.paper import Content, ScanVerdict
from gatepost.verify.scan import clamd, classifier, icap
from gatepost.verify.scan.icap import Service
from gatepost.verify.scan.watch import ScannerError

CONNECT_TIMEOUT_S = 5.0
_FINE = range(200, 300)


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
                local = await self.egress.connect_local(self.path, timeout_s=CONNECT_TIMEOUT_S)
                opened = await asyncio.open_connection(sock=local)
            else:
                opened = await _open(self.egress, self.name, self.host, self.port)
            answer = await _converse(*opened, clamd.conversation(raw), clamd.ANSWER_MAX_OCTETS)
        except (EgressRefusedError, UnreachableError, OSError) as error:
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
            opened = await _open(self.egress, self.name, self.service.host, self.service.port)
            answer = await _converse(*opened, [icap.request(self.service, raw)], icap.answer_max_octets(raw))
        except (EgressRefusedError, UnreachableError, OSError) as error:
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
        try:
            answer = await post(
                self.egress,
                Errand(Purpose.SCAN, self.name),
                self.url,
                classifier.request(content),
                {"Content-Type": "application/json", "Accept-Encoding": "identity"},
                timeout_s=self.timeout_s,
                answer_max_octets=classifier.ANSWER_MAX_OCTETS,
            )
        except (EgressRefusedError, UnreachableError) as error:
            raise ScannerError("the classifier cannot be reached") from error
        if answer.status_code not in _FINE:
            raise ScannerError(f"HTTP status {answer.status_code}")
        return classifier.verdict(answer.body)


async def _open(egress: Egress, name: str, host: str, port: int) -> tuple[StreamReader, StreamWriter]:
    """Connect to a scanner that knows no TLS: where the register demands it, nothing is said.

    Raises:
        ScannerError: the register demands TLS.
        EgressRefusedError: a rule forbids it.
        UnreachableError: nobody answered.
        OSError: the connection broke at once.
    """
    connected = await egress.connect(Errand(Purpose.SCAN, name), host, port, timeout_s=CONNECT_TIMEOUT_S)
    if connected.must_encrypt:
        connected.socket.close()
        raise ScannerError("it would go unencrypted: declare the destination with in_clear")
    return await asyncio.open_connection(sock=connected.socket)


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
