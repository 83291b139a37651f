"""Handing one message to a remote SMTP server (RFC 5321), with TLS where the server offers it (RFC 3207, RFC 7435)."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import aiosmtplib

from gatepost.deliver.paper import Attempt, AttemptResult
from gatepost.deliver.route import Hop
from gatepost.egress import Connected, Egress, EgressRefusedError, Errand, Purpose, UnreachableError
from gatepost.ids import TenantId
from gatepost.mail.address import Address

CONNECT_TIMEOUT_S = 30.0
REPLY_TIMEOUT_S = 120.0
ATTEMPT_TIMEOUT_S = 300.0
"""Up to the message.

deviation: RFC 5321 section 4.5.3.2 gives greeting, MAIL and RCPT five minutes each; a queue can come back sooner.
"""
END_TIMEOUT_S = 600.0
"""For the reply to DATA, and for the last one (RFC 5321 section 4.5.3.2.6): who gives up before sends a second copy."""

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?![\d.])", re.ASCII)
_UNREACHABLE = Attempt(AttemptResult.DEFERRED, 0, "4.4.1", "remote.unreachable")
_UNTRUSTED = Attempt(AttemptResult.DEFERRED, 0, "4.7.5", "remote.untrusted")
"""RFC 3463 section 3.8: no TLS, or under a name it cannot prove, where the register demands both."""
_UNKNOWN_COMMAND = frozenset({500, 502, 504})
"""What a server says that knows HELO alone (RFC 5321 section 3.2)."""
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


async def transmit(letter: Letter, hops: Sequence[Hop], *, hostname: str, egress: Egress) -> Attempt:
    """Try the hosts in order until one takes or refuses the message.

    A message with a bare CR or LF is never sent: what one server reads as text, the next may read as a command.
    """
    if _BARE.search(letter.octets) or not letter.octets.endswith(b"\r\n"):
        return Attempt(AttemptResult.FAILED, 0, "5.6.0", "message.bare_line_end")
    last = _UNREACHABLE
    try:
        async with asyncio.timeout(ATTEMPT_TIMEOUT_S) as limit:
            for hop in hops:
                for address in hop.addresses or (None,):
                    try:
                        return await _try_host(letter, hop, address, hostname, egress, limit)
                    except _ElsewhereError as elsewhere:
                        last = elsewhere.attempt
    except TimeoutError:
        return Attempt(AttemptResult.DEFERRED, 0, "4.4.2", "remote.too_slow")
    return last


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
        timeout=CONNECT_TIMEOUT_S,
        start_tls=False,
        tls_context=_tls_context(is_checked=opened.must_encrypt),
    )
    try:
        await _open(client, hop, opened, with_tls=with_tls)
        attempt = await _hand_over(client, letter, limit)
        await _say_goodbye(client)
    finally:
        client.close()
        opened.socket.close()
    return attempt


async def _open(client: aiosmtplib.SMTP, hop: Hop, opened: Connected, *, with_tls: bool) -> None:
    try:
        await client.connect()
        await _say_hello(client)
        if with_tls and client.supports_extension("starttls"):
            await _start_tls(client, hop.host)
    except aiosmtplib.SMTPResponseException as error:
        raise _ElsewhereError(_read_refusal(error, is_final=False)) from error
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
    if limit.expired():  # as this very answer came: it did not interrupt us, and cannot be put off any more
        raise TimeoutError
    try:
        limit.reschedule(None)  # it may have the message from now on: what it says is waited for as long as it may take
        response = await client.data(letter.octets, timeout=END_TIMEOUT_S)
    except aiosmtplib.SMTPResponseException as error:
        return _read_refusal(error, is_final=True)
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        # It may have it, or not: another host now would risk a second copy, so the queue asks again later.
        return Attempt(AttemptResult.DEFERRED, 0, "4.4.2", "remote.vanished")
    status = _status(response.code, response.message)
    return Attempt(AttemptResult.ACCEPTED, response.code, status, "remote.accepted", is_encrypted)


def _read_refusal_or_move_on(error: aiosmtplib.SMTPResponseException) -> Attempt:
    attempt = _read_refusal(error, is_final=True)
    if attempt.result is AttemptResult.DEFERRED:
        raise _ElsewhereError(attempt) from error
    return attempt


def _read_refusal(error: aiosmtplib.SMTPResponseException, *, is_final: bool) -> Attempt:
    """Return the refusal as codes; a 5yz greeting speaks for that host alone, not for the recipient."""
    code = error.code if error.code in _REFUSALS else 0
    if code in _FINAL_REFUSALS and is_final:
        return Attempt(AttemptResult.FAILED, code, _status(code, error.message), "remote.refused")
    return Attempt(AttemptResult.DEFERRED, code, _status(code or 400, error.message), "remote.deferred")


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
