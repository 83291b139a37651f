"""How the house is doing, as the public sees it: show it here, or write it out to be served from elsewhere."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gatepost.app import rounds, state
from gatepost.app.open import admin_house
from gatepost.cli.frame import AsJson, Config, Refusal, read_settings, show
from gatepost.cli.menu import app
from gatepost.doors.public import status as page
from gatepost.doors.public import status_atom, status_chart, status_json
from gatepost.settings import Settings
from gatepost.trust import status as doing
from gatepost.trust.held import Held
from gatepost.trust.logged import WHOLE
from gatepost.trust.status import Status
from gatepost.trust.uptime import NAMES, measured_of, share_of

commands = typer.Typer(help="The status page: show it, write it out.", no_args_is_help=True)
app.add_typer(commands, name="status")


def _read(settings: Settings) -> Status:
    async def inside() -> Status:
        async with admin_house(settings) as house:
            held = Held(house.blobs)
            await held.logged.look()
            await held.logged.back_until(house.clock() - doing.WINDOW, most=WHOLE)
            return await doing.read_status(house, rounds.pace(settings), held)

    return asyncio.run(inside())


@commands.command("show")
def show_(*, config: Config = None, as_json: AsJson = False) -> None:
    """Show each part, and why it is no better."""
    found = _read(read_settings(config))
    rows = [
        {
            "part": NAMES[each.component][0],
            "status": each.condition.value,
            "reason": each.reason,
            "latency_ms": each.last.latency_ms,
            "measured": each.last.at,
            "90 days": status_chart.percent(share_of(each.days)),
            "of that measured": status_chart.percent(measured_of(each.days)),
        }
        for each in found.parts
    ]
    columns = ("part", "status", "reason", "latency_ms", "measured", "90 days", "of that measured")
    show(rows, columns=columns, as_json=as_json, empty="nothing was measured yet: set trust.operator and start it")


def _own_url(settings: Settings) -> str:
    """Return where the house is found: by the operator's word, else where it listens now; empty where it does not."""
    up = state.running(settings.state)
    return settings.http.public_url.rstrip("/") or (up.base_url.removesuffix("/api") if up else "")


def _links(root: str, settings: Settings) -> page.Links:
    """Return links that lead from page to page in whatever folder, served or not, and to the house itself."""
    url = _own_url(settings)
    return page.Links(root=root, index="/index.html", trust=f"{url}/trust/" if url else "")


@commands.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made where there is none.", metavar="DIR")],
    *,
    config: Config = None,
    name: Annotated[str, typer.Option(help="The page's name; else the host's.")] = "",
) -> None:
    """Write the page, its JSON and its feed as static files, to be served by another machine."""
    settings = read_settings(config)
    found = _read(settings)
    title = name or settings.hostname
    url = f"{_own_url(settings)}/status"
    head = status_json.page_of(title, url, found)
    files = {
        "status/index.html": page.page_html(title, found, _links("../", settings)),
        "status/history.atom": status_atom.feed(head, found),
        **{
            f"status/incidents/{each.id}/index.html": page.incident_html(each, _links("../../../", settings))
            for each in found.incidents
        },
        **{f"api/v2/{path}": orjson.dumps(spell(head, found)) for path, spell in status_json.ANSWERS.items()},
    }
    try:
        for path, octets in files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = place.with_name(f".{place.name}.new")
            fresh.write_bytes(octets)
            fresh.replace(place)  # whoever serves the folder never shows half a page
    except OSError as error:
        raise Refusal(f"cannot write to {folder}: {error.strerror}") from error
    typer.echo(f"{len(files)} files in {folder}; write them again as often as they should be fresh")
