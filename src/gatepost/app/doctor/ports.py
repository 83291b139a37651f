"""Ports: can the doors open, and where the house is up, are they really ours?"""

import asyncio
import itertools
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address

from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.app.state import Running
from gatepost.egress.addresses import is_this_machine
from gatepost.settings import Settings

WITHIN_S = 5.0
MAIL_PORT = 25
PRIVILEGED_BELOW = 1024
_RESTART = "read its log, and start it again"


async def look(settings: Settings, running: Running | None) -> list[Finding]:
    """Return what each door's port is like."""
    found = [*_reach(settings), *_meet(settings)]
    if running is None:
        for door, host, port in _doors(settings):
            found.append(_try_to_listen(door, host, port))
        return found
    return [*found, *await _visit(settings, running)]


def _doors(settings: Settings) -> Iterator[tuple[str, str, int]]:
    yield "smtp", settings.smtp.host, settings.smtp.port
    yield "http", settings.http.host, settings.http.port
    yield "metrics", settings.metrics.host, settings.metrics.port


def _reach(settings: Settings) -> Iterator[Finding]:
    """Say who can come in at all."""
    if is_this_machine(settings.smtp.host):
        yield warning(
            "smtp.reach",
            f"SMTP listens on {settings.smtp.host}: only this machine can bring mail",
            "to receive from the network set smtp.host to :: (IPv4 and IPv6) or 0.0.0.0, and smtp.port to 25",
        )
    elif settings.smtp.port != MAIL_PORT:
        yield warning(
            "smtp.reach",
            f"SMTP listens on port {settings.smtp.port}, and the world brings mail to port 25",
            "set smtp.port to 25, or lead port 25 here",
        )
    else:
        yield ok("smtp.reach", "SMTP listens where the world brings mail")
    is_plain = not settings.http.certificate
    if is_plain and not is_this_machine(settings.http.host):
        yield failure(
            "http.reach",
            f"HTTP would be plain on {settings.http.host}, and the house refuses to start so",
            "set http.certificate and http.certificate_key, or http.host to 127.0.0.1",
        )
    if not is_this_machine(settings.metrics.host):
        yield warning(
            "metrics.reach",
            f"the metrics are plain HTTP without a key on {settings.metrics.host}",
            "let a firewall allow your Prometheus and nobody else, or set metrics.host to 127.0.0.1",
        )


def _meet(settings: Settings) -> Iterator[Finding]:
    """Say which of our own doors would stand in each other's way."""
    for (door, host, port), (other, other_host, other_port) in itertools.combinations(_doors(settings), 2):
        if port and port == other_port and _overlap(host, other_host):
            yield failure(
                f"{other}.port",
                f"{door} and {other} are both to listen on {other_host}:{port}, and only one of them can",
                f"set GATEPOST_{door.upper()}__PORT or GATEPOST_{other.upper()}__PORT to another",
            )


def _overlap(host: str, other: str) -> bool:
    """Tell whether who listens on one address is in the way of the other; a name is only the same as itself."""
    try:
        first, second = ip_address(host), ip_address(other)
    except ValueError:
        return host == other
    if first.version != second.version:  # `::` is of both families
        return "::" in {host, other}
    return first == second or first.is_unspecified or second.is_unspecified


def _try_to_listen(door: str, host: str, port: int) -> Finding:
    check = f"{door}.port"
    word = f"GATEPOST_{door.upper()}__PORT"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server(
            (host, port), family=family, dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6()
        ).close()
    except PermissionError:
        return failure(
            check,
            f"this account may not listen on port {port}, which is below {PRIVILEGED_BELOW}",
            "start by packaging/gatepost.service, which grants CAP_NET_BIND_SERVICE, or lead the port to a higher one",
        )
    except OSError as error:
        number = error.errno or 0
        why = os.strerror(number) if number > 0 else "no such address"
        return failure(check, f"cannot listen on {host}:{port}: {why}", f"stop what holds it (ss -ltnp), or set {word}")
    except OverflowError:
        return failure(check, f"{port} is no port", f"set {word} to a number up to 65535")
    return ok(check, f"{host}:{port} is free" if port else f"a free port of {host} will be taken")


async def _visit(settings: Settings, running: Running) -> list[Finding]:
    """Knock at the doors of the house that is up."""
    http = _get("/health/live")
    return [
        await _knock("smtp", running.smtp_host, running.smtp_port, b"", b"220 "),
        await _knock(
            "http", settings.http.host, running.http_port, http, b"HTTP/1.1 200", tls=bool(settings.http.certificate)
        ),
        await _knock("metrics", settings.metrics.host, running.metrics_port, _get("/metrics"), b"HTTP/1.1 200"),
    ]


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: doctor\r\nConnection: close\r\n\r\n".encode()


async def _knock(door: str, host: str, port: int, say: bytes, hear: bytes, *, tls: bool = False) -> Finding:
    """Connect as a client would, and compare the first words."""
    check, where = f"{door}.port", f"{host}:{port}"
    try:
        async with asyncio.timeout(WITHIN_S):
            reader, writer = await asyncio.open_connection(_inside(host), port, ssl=_trusting() if tls else None)
            with closing(writer):
                writer.write(say)
                heard = await reader.read(len(hear))
                while len(heard) < len(hear) and (more := await reader.read(len(hear) - len(heard))):
                    heard += more
    except (TimeoutError, OSError) as error:
        return failure(check, f"the house is up, and {where} does not answer ({type(error).__name__})", _RESTART)
    if heard != hear:
        return failure(check, f"{where} answers, but not as our door would", _RESTART)
    return ok(check, f"{where} is ours and answers")


def _inside(host: str) -> str:
    """Return where a client of this machine connects: nobody can connect to the address that stands for all."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return {4: "127.0.0.1", 6: "::1"}[address.version] if address.is_unspecified else host


def _trusting() -> ssl.SSLContext:
    """Return a context that takes any certificate: whether it is a good one is looked at elsewhere."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
