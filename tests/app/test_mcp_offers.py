from pathlib import Path

import pytest

from act.hosted.mcp_peers import TOOL, scripted
from gatepost.act.hosted.mcp_tools import digest_of
from gatepost.app.mcp_offers import UnofferedError, offers
from gatepost.db import Database
from gatepost.settings import AgentSettings, DnsSettings, Settings
from outbound import NOW, Hands, house


def declaring(folder: Path, url: str) -> Settings:
    file = folder / "tools.toml"
    file.write_text(f'[[mcp]]\nname = "old"\nurl = "{url}"\n')
    return Settings(agents=AgentSettings(tools=str(file)), dns=DnsSettings(servers=("127.0.0.1:1",)))


async def test_what_a_server_offers_is_printed_for_the_file(db: Database, tmp_path: Path) -> None:
    async with scripted() as (_, server):
        text = await offers("old", declaring(tmp_path, server.url), house(db, tmp_path, Hands(NOW)))
    assert text.startswith("# new\n[[mcp.tool]]\n")
    assert digest_of(TOOL) in text


async def test_who_is_not_declared_or_does_not_answer_offers_nothing(db: Database, tmp_path: Path) -> None:
    given, here = declaring(tmp_path, "http://127.0.0.1:1/mcp"), house(db, tmp_path, Hands(NOW))
    with pytest.raises(UnofferedError, match="no MCP server"):
        await offers("new", given, here)
    with pytest.raises(UnofferedError, match="unreachable"):
        await offers("old", given, here)
