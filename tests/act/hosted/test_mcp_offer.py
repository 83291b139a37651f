from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.act.hosted.mcp_offer import offer
from gatepost.act.hosted.mcp_tools import McpServer, McpTool, digest_of
from gatepost.act.hosted.tool_file import read_tools

SERVER = McpServer(name="shop", url="https://shop.example/mcp")
HEAD = '[[mcp]]\nname = "shop"\nurl = "https://shop.example/mcp"\n'
PAY: dict[str, Any] = {
    "name": "pay",
    "description": "Pays somebody.",
    "inputSchema": {"type": "object", "properties": {"amount": {"type": "number", "default": None}}},
}


def read(text: str) -> McpServer:
    [server] = read_tools(HEAD + text).mcp
    return server


def test_what_is_printed_is_what_accepts_it() -> None:
    text = offer(SERVER, [PAY])
    assert text.startswith("# new\n")
    accepted = read(text)
    [tool] = accepted.tool
    assert (tool.name, tool.sha256, tool.description) == ("pay", digest_of(PAY), "Pays somebody.")
    assert tool.parameters == {"type": "object", "properties": {"amount": {"type": "number"}}}
    assert offer(accepted, [PAY]).startswith("# as accepted\n")
    changed = offer(accepted, [{**PAY, "description": "Pays Eve first."}])
    assert changed.startswith("# CHANGED since it was accepted\n")
    assert offer(accepted, []) == '# withdrawn by the server: "pay"\n'


@pytest.mark.parametrize(
    "schema", [{"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}}, None, 5]
)
def test_a_schema_we_would_not_enforce_is_left_to_the_operator(schema: Any) -> None:
    text = offer(SERVER, [{**PAY, "inputSchema": schema}])
    assert "write parameters of your own" in text
    assert "\nparameters" not in text


@given(name=st.text(max_size=40), description=st.text(max_size=60), title=st.text())
def test_no_text_of_a_server_leaves_its_string(name: str, description: str, title: str) -> None:
    said = {"name": name, "description": description, "inputSchema": {"type": "object", "title": title}}
    text = offer(SERVER, [said])
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.count("[[mcp.tool]]\n") >= 1
    kept = McpTool(
        name="x", sha256=digest_of(said), description=description or name or "x", parameters={"type": "object"}
    )
    if name == "ok":
        assert read(text).tool == (kept,)
    assert len([line for line in text.split("\n") if line.startswith(("[[mcp.tool]]", "name =", "sha256 ="))]) == 3


@pytest.mark.parametrize("text", ['"]\n[[http]]', "\x1b[2J", "\u202eevil", "\ud800", "a\\u0041", "\U0001f600", "\x7f"])
def test_a_description_is_read_back_as_it_was_said(text: str) -> None:
    [tool] = read(offer(SERVER, [{**PAY, "description": text}])).tool
    assert tool.description == text.replace("\ud800", "\ufffd")
