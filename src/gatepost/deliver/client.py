"""Handing one message to a remote SMTP server (RFC 5321), with TLS where the server offers it (RFC 3207, RFC 7435)."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol

from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.route import Hop, ways_of
from gatepost.deliver.silence import Silences
from gatepost.egress import Connected, Egress, EgressRefusedError, Errand, Purpose, UnreachableError
from gatepost.ids import TenantId
from gatepost.mail.address import Address

CONNECT_TIMEOUT_S = 30.0
"""For a TCP connection, and for a TLS handshake."""
REPLY_TIMEOUT_S = 300.0
"""For the greeting, and the replies to EHLO, MAIL and RCPT (RFC 5321 section 4.5.3.2)."""
DATA_TIMEOUT_S = 120.0
"""For the reply to DATA (RFC 5321 section 4.5.3.2.4)."""
BLOCK_TIMEOUT_S = 180.0
"""While the message goes out, for any of it to be taken (RFC 5321 section 4.5.3.2.5)."""
END_TIMEOUT_S = 600.0
"""For the last reply (RFC 5321 section 4.5.3.2.6): who gives up before sends a second copy."""
ATTEMPT_TIMEOUT_S = 300.0
"""For all addresses together, up to the message: each may take half of what is left, and the last one all of it.

deviation: RFC 5321 section 4.5.3.2 bounds each command alone; a queue can come back, and others wait for the place.
"""
OCTETS_PER_S = 20_000
"""Whoever takes a message more slowly than that, and has had ``BLOCK_TIMEOUT_S`` besides, is too slow."""
TRANSFER_MAX_S = 780.0

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_DOT = re.compile(rb"^\.", re.MULTILINE)
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
_UNREACHABLE = Attempt(AttemptResult.DEFERRED, 0, "4.4.1", "remote.unreachable")
_TOO_SLOW = Attempt(AttemptResult.DEFERRED, 0, "4.4.2", "remote.too_slow")
_VANISHED = Attempt(AttemptResult.DEFERRED, 0, "4.4.2", "remote.vanished")
_UNTRUSTED = Attempt(AttemptResult.DEFERRED, 0, "4.7.5", "remote.untrusted")
"""RFC 3463 section 3.8: no TLS, or under a name it cannot prove, where the register demands both."""
_UNKNOWN_COMMAND = frozenset({500, 502, 504})
"""What a server says that knows HELO alone (RFC 5321 section 3.2)."""
_TAKEN = range(200, 300)
_REFUSALS = range(400, 600)
_FINAL_REFUSALS = range(500, 600)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message for one recipient. ``ref`` is the submission's id and ``tenant`` whose it is, for the register."""

    ref: str
    tenant: TenantId
    mail_from: Address | None
    rcpt_to: Address
    octets: bytes


class _ElsewhereError(Exception):
    """This host did not take it; another one may."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt.reason)
        self.attempt = attempt


async def transmit(
    letter: Letter, hops: Sequence[Hop], *, hostname: str, egress: Egress, silences: Silences | None = None
) -> Attempt:
    """Try the addresses of the hosts in order, silent ones last, until one takes or refuses the message.

    A message with a bare CR or LF is never sent: what one server reads as text, the next may read as a command.
    """
    if _BARE.search(letter.octets) or not letter.octets.endswith(b"\r\n"):
        return Attempt(AttemptResult.FAILED, 0, "5.6.0", "message.bare_line_end")
    silences = silences or Silences()
    ways = ways_of(hops, silences)
    loop = asyncio.get_running_loop()
    until, last = loop.time() + ATTEMPT_TIMEOUT_S, _UNREACHABLE
    for left, (hop, address) in zip(range(len(ways), 0, -1), ways, strict=True):
        began = loop.time()
        share_s = (until - began) / min(left, 2)
        made, is_settled = await _ask(letter, hop, address, hostname, egress, share_s)
        silences.note(address, made, waited_s=loop.time() - began)
        if is_settled:
            return made
        if made.reply_code or not last.reply_code:  # what somebody said tells more than what nobody did
            last = made
    return last


async def _ask(
    letter: Letter, hop: Hop, address: str | None, hostname: str, egress: Egress, share_s: float
) -> tuple[Attempt, bool]:
    """Return what came of asking one address, and whether that is the end of the attempt."""
    try:
        async with asyncio.timeout(share_s) as limit:
            return await _try_host(letter, hop, address, hostname, egress, limit), True
    except _ElsewhereError as elsewhere:
        return elsewhere.attempt, False
    except TimeoutError:
        return _TOO_SLOW, False


async def _try_host(
    letter: Letter, hop: Hop, address: str | None, hostname: str, egress: Egress, limit: asyncio.Timeout
) -> Attempt:
    """Converse with one address of a host; with TLS where there is a way."""
    errand = Errand(Purpose.RELAY if hop.is_configured else Purpose.MAIL, letter.ref, letter.tenant)
    addresses = None if address is None else (address,)
    opened = await _connect(egress, errand, hop, addresses)
    try:
        return await _converse(letter, hop, opened, hostname, limit, with_tls=True)
    except ssl.SSLError as error:
        if opened.must_encrypt:
            raise _ElsewhereError(_UNTRUSTED) from error
    # Opportunistic: a broken handshake is no reason to keep the mail (RFC 7435 section 3).
    opened = await _connect(egress, errand, hop, (opened.address,))
    return await _converse(letter, hop, opened, hostname, limit, with_tls=False)


async def _connect(egress: Egress, errand: Errand, hop: Hop, addresses: Sequence[str] | None) -> Connected:
    try:
        return await egress.connect(errand, hop.host, hop.port, timeout_s=CONNECT_TIMEOUT_S, addresses=addresses)
    except EgressRefusedError as error:
        raise _ElsewhereError(Attempt(AttemptResult.DEFERRED, 0, "4.4.1", "egress.refused")) from error
    except UnreachableError as error:
        raise _ElsewhereError(_UNREACHABLE) from error


async def _converse(
    letter: Letter, hop: Hop, opened: Connected, hostname: str, limit: asyncio.Timeout, *, with_tls: bool
) -> Attempt:
    client = aiosmtplib.SMTP(
        sock=opened.socket,
        hostname=None,
        local_hostname=hostname,
        timeout=REPLY_TIMEOUT_S,
        start_tls=False,
        tls_context=_tls_context(is_checked=opened.must_encrypt),
    )
    try:
        await _open(client, hop, opened, with_tls=with_tls)
        attempt = await _hand_over(client, letter, limit)
        if attempt.reply_code:  # it still speaks
            await _say_goodbye(client)
    finally:
        _hang_up(client)
        opened.socket.close()
    return attempt


def _hang_up(client: aiosmtplib.SMTP) -> None:
    """Let go at once, also of what was not taken yet: else its writer would outlive the socket."""
    if client.protocol is not None and client.protocol.transport is not None:
        cast("asyncio.WriteTransport", client.protocol.transport).abort()
    client.close()


async def _open(client: aiosmtplib.SMTP, hop: Hop, opened: Connected, *, with_tls: bool) -> None:
    try:
        await client.connect()
        await _say_hello(client)
        if with_tls and client.supports_extension("starttls"):
            await _start_tls(client, hop.host)
    except aiosmtplib.SMTPResponseException as error:
        raise _ElsewhereError(_refused(error.code, error.message, is_final=False)) from error
    except ssl.SSLError:
        raise
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise _ElsewhereError(_UNREACHABLE) from error
    if opened.must_encrypt and client.get_transport_info("sslcontext") is None:
        raise _ElsewhereError(_UNTRUSTED)


async def _say_hello(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo(timeout=REPLY_TIMEOUT_S)
    except aiosmtplib.SMTPHeloError as error:
        if error.code not in _UNKNOWN_COMMAND:
            raise
        await client.helo(timeout=REPLY_TIMEOUT_S)


async def _start_tls(client: aiosmtplib.SMTP, host: str) -> None:
    name = host.strip("[]")
    try:
        await client.starttls(server_hostname=name, timeout=CONNECT_TIMEOUT_S)
    except aiosmtplib.SMTPResponseException:
        return  # 454: it offers, but cannot now; go on in the clear
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise ssl.SSLError("the handshake broke") from error
    await client.ehlo(timeout=REPLY_TIMEOUT_S)


async def _hand_over(client: aiosmtplib.SMTP, letter: Letter, limit: asyncio.Timeout) -> Attempt:
    is_encrypted = client.get_transport_info("sslcontext") is not None
    needs_utf8 = letter.rcpt_to.needs_smtputf8 or (letter.mail_from is not None and letter.mail_from.needs_smtputf8)
    is_8bit = not letter.octets.isascii()
    if (needs_utf8 and not client.supports_extension("smtputf8")) or (
        is_8bit and not client.supports_extension("8bitmime")
    ):
        return Attempt(AttemptResult.FAILED, 0, "5.6.7" if needs_utf8 else "5.6.3", "remote.ascii_only")
    options = [*(["SMTPUTF8"] if needs_utf8 else []), *(["BODY=8BITMIME"] if is_8bit else [])]
    if client.supports_extension("size"):
        options.append(f"SIZE={len(letter.octets)}")
    encoding = "utf-8" if needs_utf8 else "ascii"
    try:
        await client.mail(str(letter.mail_from or ""), options=options, encoding=encoding, timeout=REPLY_TIMEOUT_S)
        await client.rcpt(str(letter.rcpt_to), encoding=encoding, timeout=REPLY_TIMEOUT_S)
    except aiosmtplib.SMTPResponseException as error:
        return _read_refusal_or_move_on(error)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise _ElsewhereError(_UNREACHABLE) from error
    _check(limit)
    return await _hand_over_text(client, letter.octets, limit, is_encrypted=is_encrypted)


async def _hand_over_text(
    client: aiosmtplib.SMTP, octets: bytes, limit: asyncio.Timeout, *, is_encrypted: bool
) -> Attempt:
    """Send the message. Until its last line goes, this host has nothing, and another may be asked."""
    protocol = client.protocol
    if protocol is None:
        raise _ElsewhereError(_UNREACHABLE)
    try:
        begun = await client.execute_command(b"DATA", timeout=DATA_TIMEOUT_S)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _ElsewhereError(_UNREACHABLE) from error
    if begun.code != aiosmtplib.SMTPStatus.start_input:
        return _refused(begun.code, begun.message, is_final=True)
    _check(limit)
    limit.reschedule(None)
    answer = asyncio.ensure_future(protocol.read_response())  # from now on: some refuse in the middle, and hang up
    try:
        await _send_text(protocol, _DOT.sub(b"..", octets), answer)
        async with asyncio.timeout(END_TIMEOUT_S):
            response = await answer
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        # It may have it, or not: another host now would risk a second copy, so the queue asks again later.
        return _VANISHED
    finally:
        if not answer.cancel() and not answer.cancelled():
            answer.exception()  # seen: what broke is told by whoever wrote
    if response.code not in _TAKEN:
        return _refused(response.code, response.message, is_final=True)
    status = _status(response.code, response.message)
    return Attempt(AttemptResult.ACCEPTED, response.code, status, "remote.accepted", is_encrypted)


def _check(limit: asyncio.Timeout) -> None:
    """See that the time did not end as this very answer came: that does not interrupt us, and cannot be put off."""
    if limit.expired():
        raise TimeoutError


async def _send_text(protocol: SMTPProtocol, stuffed: bytes, answer: "asyncio.Future[aiosmtplib.SMTPResponse]") -> None:
    """Write the message, and its last line once the system took all that comes before; not where it was refused."""
    try:
        await asyncio.sleep(0)  # the answer is listened for
        protocol.write(stuffed)
        await _until_taken(protocol, len(stuffed), answer)
        if answer.done():
            if answer.result().code in _REFUSALS:
                return
            raise aiosmtplib.SMTPServerDisconnected("answered before it was asked")
        protocol.write(b".\r\n")
    except TimeoutError as error:
        raise _ElsewhereError(_TOO_SLOW) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _ElsewhereError(_UNREACHABLE) from error


async def _until_taken(
    protocol: SMTPProtocol, size_octets: int, answer: "asyncio.Future[aiosmtplib.SMTPResponse]"
) -> None:
    """Return once nothing waits for the system to take it, or an answer came.

    Raises:
        TimeoutError: nothing moved for long, or all of it moves too slowly.
    """
    loop = asyncio.get_running_loop()
    transport = cast("asyncio.WriteTransport", protocol.transport)
    most_s = min(BLOCK_TIMEOUT_S + size_octets / OCTETS_PER_S, TRANSFER_MAX_S)
    began = moved_at = loop.time()
    waiting, pause_s = size_octets, 0.0
    while not answer.done() and (left := transport.get_write_buffer_size()):
        now = loop.time()
        if left < waiting:
            waiting, moved_at = left, now
        if now - moved_at > BLOCK_TIMEOUT_S or now - began > most_s:
            raise TimeoutError
        await asyncio.wait([answer], timeout=pause_s)
        pause_s = min(pause_s * 2 or 0.001, 0.1)


def _read_refusal_or_move_on(error: aiosmtplib.SMTPResponseException) -> Attempt:
    attempt = _refused(error.code, error.message, is_final=True)
    if attempt.result is AttemptResult.DEFERRED:
        raise _ElsewhereError(attempt) from error
    return attempt


def _refused(said: int, text: str, *, is_final: bool) -> Attempt:
    """Return the refusal as codes; a 5yz greeting speaks for that host alone, not for the recipient."""
    code = said if said in _REFUSALS else 0
    if code in _FINAL_REFUSALS and is_final:
        return Attempt(AttemptResult.FAILED, code, _status(code, text), "remote.refused")
    return Attempt(AttemptResult.DEFERRED, code, _status(code or 400, text), "remote.deferred")


def _status(code: int, text: str) -> str:
    """Return the enhanced status code (RFC 3463) the reply begins with, or the plainest one of its class."""
    found = _STATUS.match(text)
    kind = str(code)[0]
    return found[1] if found and found[1][0] == kind else f"{kind}.0.0"


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=5)
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return  # the answer to DATA was the last word that mattered


@cache
def _tls_context(*, is_checked: bool) -> ssl.SSLContext:
    """Return what to encrypt with: between strangers without asking who it is (RFC 7435), else with its name proven."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not is_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
