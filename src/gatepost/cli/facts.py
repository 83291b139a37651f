"""Say how a house is set, and how the one that runs is reached: read from files, without a room of the house."""

import json

import typer

from gatepost import settings as reference
from gatepost.app import state
from gatepost.cli.frame import AsJson, Config, Refusal, read_settings, show
from gatepost.cli.menu import app


@app.command(name="settings")
def settings_(
    *, as_json: AsJson = False, markdown: bool = typer.Option(default=False, help="Print the reference page.")
) -> None:
    """List every setting with its default and meaning."""
    if markdown:
        typer.echo(reference.reference(), nl=False)
        return
    rows = [{"setting": name, "default": default, "meaning": doc} for name, default, doc in reference.describe()]
    show(rows, columns=("setting", "default", "meaning"), as_json=as_json, empty="")


@app.command(name="sandbox")
def sandbox_(*, config: Config = None, as_json: AsJson = False) -> None:
    """Describe the running house's sandbox: where it listens, its mailbox and its keys."""
    settings = read_settings(config)
    running, kept = state.running(settings.state), state.sandbox(settings.state)
    if running is None or kept is None:
        raise Refusal(f"no house runs on {settings.state}: start one with `make run` or `gatepost up`")
    facts = {
        "base_url": running.base_url,
        "api_key": kept.api_key,
        "agent_key": kept.agent_key,
        "mailbox_id": kept.mailbox_id,
        "address": kept.address,
        "smtp_host": running.smtp_host,
        "smtp_port": running.smtp_port,
    }
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for name, value in facts.items():
        typer.echo(f"{name:11} {value}")
