import pytest

from gatepost.act.hosted.tool_file import ToolFile, ToolFileError, read_tools

HTTP = """
[[http]]
name = "shop_pay"
description = "Pays."
url = "https://erp.example/pay"
parameters = { type = "object", properties = {} }
"""
MCP = f"""
[[mcp]]
name = "shop"
url = "https://shop.example/mcp"

[[mcp.tool]]
name = "pay"
sha256 = "{"a" * 64}"
description = "Pays."
bounds = {{ amount = "amount_max" }}
parameters = {{ type = "object", properties = {{ amount = {{ type = "number" }} }} }}
"""


def test_an_empty_file_declares_nothing() -> None:
    assert read_tools("") == ToolFile()


def test_servers_stand_beside_tools_of_http() -> None:
    found = read_tools(HTTP.replace("shop_pay", "order") + MCP)
    assert [each.name for each in found.http] == ["order"]
    [server] = found.mcp
    assert [server.name_of(each) for each in server.tool] == ["shop_pay"]


@pytest.mark.parametrize(
    "text", [HTTP * 2, HTTP + MCP, MCP + MCP.partition("[[mcp.tool]]")[2].join(["[[mcp.tool]]", ""])]
)
def test_two_tools_of_one_name_are_no_declaration(text: str) -> None:
    with pytest.raises(ToolFileError, match="one name"):
        read_tools(text)


def test_two_servers_of_one_name_are_no_declaration() -> None:
    with pytest.raises(ToolFileError, match="two servers"):
        read_tools(MCP * 2)


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('name = "shop"', 'name = "Shop"', "name"),
        ("https://shop.example", "https://me:secret@shop.example", "url"),
        ("https://shop.example", "file:///etc/passwd#", "url"),
        ('sha256 = "' + "a" * 64, 'sha256 = "any', "sha256"),
        ('name = "pay"', 'name = "p ay"', "name"),
        ('name = "pay"', 'name = "pay"\nanswers = "operator"', "answers"),
        ('name = "pay"', 'name = "pay"\ncapability = "*"', "capability"),
        ('{ type = "number" }', '{ type = "number", pattern = "x" }', "pattern"),
        ('amount = "amount_max"', 'sum = "amount_max"', "sum"),
    ],
)  # fmt: skip
def test_what_would_not_be_obeyed_is_no_declaration(was: str, becomes: str, said: str) -> None:
    assert was in MCP
    with pytest.raises(ToolFileError, match=said) as caught:
        read_tools(MCP.replace(was, becomes))
    assert "secret" not in str(caught.value)
