"""Asking a declared MCP server what it offers, and accepting it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from gatepost.act.hosted.mcp_client import Definition, McpError, definitions
from gatepost.act.hosted.mcp_offer import NotOfferedError, accept, offer
from gatepost.act.hosted.mcp_tools import McpServer
from gatepost.app.administer import note_house
from gatepost.app.agent_tools import token_of, tools_of
from gatepost.app.build import ways_of
from gatepost.app.smtp import Operator
from gatepost.journey import House
from gatepost.record.connections import write_connections
from gatepost.settings import Settings


class UnofferedError(Exception):
    """No such server is declared, or it does not say what it offers; the text says which."""


async def offers(name: str, settings: Settings, house: House) -> str:
    """Return what a server offers now, as tables for the file that ``agents.tools`` names.

    Raises:
        SettingsError: the file cannot be read.
        UnofferedError: no such server, or no answer of use.
    """
    server = _declared(name, settings)
    return offer(server, await _said_by(server, settings, house))


async def accept_offer(name: str, tool: str, digest: str, settings: Settings, house: House) -> None:
    """Write into the file that ``agents.tools`` names that what a server says of a tool now is accepted.

    Raises:
        SettingsError: the file cannot be read.
        UnofferedError: no such server or tool, no answer of use, or not the one that was shown; or no leave to write.
    """
    server = _declared(name, settings)
    said = await _said_by(server, settings, house)
    try:
        _rewrite(Path(settings.agents.tools), lambda text: accept(text, server, tool, digest, said))
    except NotOfferedError as error:
        raise UnofferedError(str(error)) from error
    except OSError as error:
        raise UnofferedError(f"agents.tools cannot be written: {error.strerror}") from error
    await note_house(house, "agent.tool_accept", {"server": name, "tool": tool, "sha256": digest})


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Put a changed text in a file's place in one step, with the file's own permissions."""
    path = path.resolve()
    text = change(path.read_text(encoding="utf-8"))
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    shutil.copymode(path, draft)
    draft.replace(path)


def _declared(name: str, settings: Settings) -> McpServer:
    server = next((each for each in tools_of(settings).mcp if each.name == name), None)
    if server is None:
        raise UnofferedError(f"agents.tools declares no MCP server {name}")
    return server


async def _said_by(server: McpServer, settings: Settings, house: House) -> list[Definition]:
    ways = ways_of(settings, "", for_agents=True)  # the house's own egress opens nothing to a tool
    async with ways.resolver:
        try:
            return await definitions(ways.egress, server, token=token_of(server))
        except McpError as error:
            raise UnofferedError(f"{server.name} gave no answer of use: {error.reason}") from error
        finally:
            await write_connections(
                house.db, ways.egress, operator=await Operator(house).tenant(), entropy=house.entropy
            )
