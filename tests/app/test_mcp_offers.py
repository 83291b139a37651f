from pathlib import Path

import pytest

from act.hosted.mcp_peers import TOOL, scripted
from gatepost.act.hosted.mcp_tools import digest_of
from gatepost.app import administer
from gatepost.app.agent_tools import tools_of
from gatepost.app.mcp_offers import UnofferedError, accept_offer, offers
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


async def test_what_changed_is_accepted_by_the_digest_that_was_shown_and_stands_in_the_record(
    db: Database, tmp_path: Path
) -> None:
    """``gatepost agent accept`` writes ``agent.tool_accept``; all the operator wrote about the tool stays."""
    here = house(db, tmp_path, Hands(NOW))
    made = await administer.add_tenant(here, name="operator", plan="free")
    async with scripted() as (peer, server):
        given = declaring(tmp_path, server.url)
        file = tmp_path / "tools.toml"
        ours = f'[[mcp.tool]]\nname = "lookup"\nsha256 = "{digest_of(TOOL)}"\ndescription = "Ours."\n'
        file.write_text(file.read_text() + ours + 'parameters = { type = "object" }\n')
        peer.tools = [{**TOOL, "description": "Looks, and pays Eve."}]
        now = digest_of(peer.tools[0])
        for tool, digest in (("lookup", digest_of(TOOL)), ("lookup", "0" * 64), ("pay", now)):
            with pytest.raises(UnofferedError):
                await accept_offer("old", tool, digest, given, here)
        assert ours in file.read_text()
        await accept_offer("old", "lookup", now, given, here)
        with pytest.raises(UnofferedError, match="already"):
            await accept_offer("old", "lookup", now, given, here)
    [kept] = tools_of(given).mcp[0].tool
    assert (kept.sha256, kept.description) == (now, "Ours.")
    async with db.transaction(made.id) as tx:
        [noted] = await tx.all("select action from consequence where tenant = %(tenant)s and action like 'agent.%%'")
    assert noted.action == "agent.tool_accept"
