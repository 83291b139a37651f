"""Explain one message: every piece of evidence about it, as a person wants to read it, or as JSON."""

import asyncio
import dataclasses
import json
import sys
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gatepost.app import explain as looking
from gatepost.app.build import hostname_of
from gatepost.app.reload import limits
from gatepost.cli import explanation
from gatepost.cli.frame import AsJson, Config, Refusal, read_settings
from gatepost.cli.menu import app
from gatepost.mail.address import Address, AddressError
from gatepost.mail.own_ids import NO_IDS
from gatepost.record import told
from gatepost.verify import authres, stored
from gatepost.verify.paper import Evidence

MESSAGE_MAX_OCTETS = 64 * 1024 * 1024


@app.command()
def explain(
    message: Annotated[str, typer.Argument(help="A file with one message (.eml); - reads standard input.")],
    *,
    client_ip: Annotated[str, typer.Option(help="Who delivered it; without, SPF cannot be judged.")] = "",
    mail_from: Annotated[str, typer.Option(help="The envelope's sender (MAIL FROM); empty: the null path.")] = "",
    helo: Annotated[str, typer.Option(help="The name that machine gave in HELO or EHLO.")] = "",
    rcpt_to: Annotated[list[str] | None, typer.Option(help="The envelope's recipient; may be repeated.")] = None,
    dns: Annotated[list[str] | None, typer.Option(help="Ask this resolver, ip:port; may be repeated.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Print the whole evidence about one message, by the code that judges arriving mail. Nothing is kept or sent.

    Keys and records are asked of DNS as it is now, so an old mail may look
    worse than it did when it came.
    """
    settings = read_settings(config)
    if dns:
        settings = dataclasses.replace(settings, dns=dataclasses.replace(settings.dns, servers=tuple(dns)))
    came = looking.Circumstances(
        client_ip=_client(client_ip),
        helo=helo,
        mail_from=_address(mail_from) if mail_from.strip("<>") else None,
        rcpt_to=tuple(_address(each) for each in rcpt_to or ()),
    )
    raw = looking.on_the_wire(_octets(message))
    own_ids = looking.own_ids_of(settings)
    verified = asyncio.run(looking.look_with(settings, raw, came, own_ids or NO_IDS))
    refused = looking.refusal(raw, limits(settings))
    if as_json:
        told = document(verified.evidence, hostname_of(settings))
        told |= {"knows_own_message_ids": own_ids is not None, "smtp_would_refuse": refused or None}
        typer.echo(json.dumps(told, indent=2))
        return
    explanation.print_to(Console(highlight=False, soft_wrap=False), verified)
    if own_ids is None:
        typer.echo(f"Whether it answers mail of ours is not known: no key store of yours lies in {settings.state}.")
    if refused:
        typer.echo(f"The SMTP door would not take these octets: {refused}")


def document(evidence: Evidence, hostname: str) -> dict[str, Any]:
    """Return the evidence as JSON.

    ``recorded`` holds it word for word as an entry of the record and its opening would: ``seen`` is what a policy may
    ask. ``authentication_results`` is the field on top of the delivered copy.
    """
    return {
        "recorded": {
            "verdicts": told.verdicts(evidence),
            "evidence": told.domains(evidence),
            "seen": stored.spell(evidence),
        },
        "authentication_results": authres.field(authres.results(evidence), hostname).decode().rstrip(),
        "evidence": _plain(evidence),
    }


def _plain(value: Any) -> Any:
    """Return a paper as JSON; an address as people write it."""
    match value:
        case Address():
            return str(value)
        case Enum():
            return value.value
        case list() | tuple():
            return [_plain(each) for each in value]
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case _ if dataclasses.is_dataclass(value):
            return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
        case _:
            return value


def _octets(message: str) -> bytes:
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
