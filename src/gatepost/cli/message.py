"""A message in a file, and what the file does not say of how it came: read for whoever looks at it."""

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from gatepost.app.explain import Circumstances
from gatepost.cli.refusal import Refusal
from gatepost.mail.address import Address, AddressError

MESSAGE_MAX_OCTETS = 64 * 1024 * 1024


def read_message(message: str) -> bytes:
    """Return the octets of a file, or of standard input where it is ``-``; raises ``Refusal``."""
    try:
        if message == "-":
            octets = sys.stdin.buffer.read(MESSAGE_MAX_OCTETS + 1)
        else:
            with Path(message).open("rb") as file:
                octets = file.read(MESSAGE_MAX_OCTETS + 1)
    except OSError as error:
        raise Refusal(f"{message} cannot be read: {error.strerror}") from error
    if len(octets) > MESSAGE_MAX_OCTETS:
        raise Refusal(f"{message} is longer than {MESSAGE_MAX_OCTETS // 1024 // 1024} MiB, more than any door takes")
    if not octets.strip():
        raise Refusal(f"{message} is empty")
    return octets


def circumstances(client_ip: str, helo: str, mail_from: str, rcpt_to: list[str] | None = None) -> Circumstances:
    """Return how it came, as options say it; raises ``Refusal``."""
    return Circumstances(
        client_ip=_client(client_ip),
        helo=helo,
        mail_from=_address(mail_from) if mail_from.strip("<>") else None,
        rcpt_to=tuple(_address(each) for each in rcpt_to or ()),
    )


def _client(text: str) -> IPv4Address | IPv6Address | None:
    if not text:
        return None
    try:
        return ip_address(text)
    except ValueError as error:
        raise Refusal("--client-ip is an address such as 192.0.2.7 or 2001:db8::7") from error


def _address(text: str) -> Address:
    try:
        return Address.parse(text.strip("<>"))
    except AddressError as error:
        raise Refusal(f"not an address: {error}") from error
