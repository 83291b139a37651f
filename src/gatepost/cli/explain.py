"""Explain one message: every piece of evidence about it, as a person wants to read it, or as JSON."""

import asyncio
import dataclasses
import json
from enum import Enum
from typing import Annotated, Any

import typer
from rich.console import Console

from gatepost.app import explain as looking
from gatepost.app.build import hostname_of
from gatepost.app.reload import limits
from gatepost.cli import explanation
from gatepost.cli.frame import AsJson, Config, read_settings
from gatepost.cli.menu import app
from gatepost.cli.message import circumstances, read_message
from gatepost.mail.address import Address
from gatepost.mail.own_ids import NO_IDS
from gatepost.record import told
from gatepost.verify import authres, stored
from gatepost.verify.paper import Evidence


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
    came = circumstances(client_ip, helo, mail_from, rcpt_to)
    raw = looking.on_the_wire(read_message(message))
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
