"""Send one test message to the running house, as any mail server would."""

import smtplib
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, make_msgid
from typing import Annotated

import typer

from gatepost.app import state
from gatepost.cli.frame import Config, Refusal, read_settings
from gatepost.cli.menu import app

SEND_TIMEOUT_S = 60
REFUSED_FROM = 400  # 4yz and 5yz say no (RFC 5321 section 4.2.1)


@app.command()
def send(
    sender: Annotated[str, typer.Option("--from", help="The author, and the envelope's sender.")],
    text: Annotated[str, typer.Option(help="The body.")] = "Hello from the command line.",
    subject: Annotated[str, typer.Option(help="The subject.")] = "A test",
    to: Annotated[str, typer.Option(help="The recipient; empty: the sandbox's mailbox.")] = "",
    config: Config = None,
) -> None:
    """Send one message to the running house over SMTP and print its answer."""
    settings = read_settings(config)
    running, kept = state.running(settings.state), state.sandbox(settings.state)
    if running is None:
        raise Refusal(f"no house runs on {settings.state}: start one with `make run` or `gatepost up`")
    if not to and kept is None:
        raise Refusal("this house has no sandbox: name the recipient with --to")
    if any(end in each for each in (sender, to, subject) for end in "\r\n"):
        raise Refusal("--from, --to and --subject are one line each")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to or (kept.address if kept else ""), subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    message.set_content(text)
    is_ascii = sender.isascii() and message["To"].isascii()
    options = () if is_ascii else ("SMTPUTF8",)  # RFC 6531 section 3.4: such an address can only go so
    try:
        octets = message.as_bytes(policy=SMTP if is_ascii else SMTPUTF8)
        with smtplib.SMTP(running.smtp_host, running.smtp_port, timeout=SEND_TIMEOUT_S) as client:
            client.ehlo()
            answer = client.mail(sender, options)
            if answer[0] < REFUSED_FROM:
                answer = client.rcpt(message["To"])
            if answer[0] < REFUSED_FROM:
                answer = client.data(octets)
    except (OSError, smtplib.SMTPException) as error:
        raise Refusal(f"the SMTP conversation broke off: {type(error).__name__}") from error
    typer.echo(f"{answer[0]} {answer[1].decode('ascii', 'replace')}")
    if answer[0] >= REFUSED_FROM:
        raise typer.Exit(1)
