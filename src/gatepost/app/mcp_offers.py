"""Asking a declared MCP server what it offers, so that an operator can accept it."""

from gatepost.act.hosted.mcp_client import McpError, definitions
from gatepost.act.hosted.mcp_offer import offer
from gatepost.app.agent_tools import token_of, tools_of
from gatepost.app.build import ways_of
from gatepost.app.guard import Guard
from gatepost.app.listeners import Operator
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
    server = next((each for each in tools_of(settings).mcp if each.name == name), None)
    if server is None:
        raise UnofferedError(f"agents.tools declares no MCP server {name}")
    ways = ways_of(settings, "", guard=Guard())  # the house's own egress opens nothing to a tool
    async with ways.resolver:
        try:
            said = await definitions(ways.egress, server, token=token_of(server))
        except McpError as error:
            raise UnofferedError(f"{name} gave no answer of use: {error.reason}") from error
        finally:
            await write_connections(
                house.db, ways.egress, operator=await Operator(house).tenant(), entropy=house.entropy
            )
    return offer(server, said)
