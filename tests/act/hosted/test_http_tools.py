from typing import Any

import pytest

from act.hosted.stage import Stage
from gatepost.act.hosted.client import call_tool
from gatepost.act.hosted.http_tools import HttpTool, http_tools
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result, StepState
from gatepost.act.hosted.tool_file import ToolFileError, read_tools
from model_api import ModelApi, use
from outbound import http_receiver
from ways import way_out

ORDER = """
[[http]]
name = "order"
description = "Orders an article."
url = "{url}"
accepts = "sender"
bounds = {{ price = "amount_max" }}

[http.parameters]
type = "object"
required = ["article", "price"]

[http.parameters.properties]
article = {{ type = "string", maxLength = 20 }}
price = {{ type = "number" }}
"""


def one(url: str = "https://erp.example/order") -> HttpTool:
    [tool] = read_tools(ORDER.format(url=url)).http
    return tool


async def nothing(_tool: HttpTool, _call: Call) -> Result:
    return Result(value=None)


def test_a_tool_is_what_its_table_says() -> None:
    [tool] = http_tools([one()], nothing)
    assert (tool.name, tool.capability, tool.accepts, tool.is_repeatable) == (
        "order",
        "http:order",
        Label.SENDER,
        False,
    )
    assert tool.bounds == {"price": "amount_max"}


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("[[http]]", "[[http", "Expected"),
        ("[[http]]", "[[https]]", "http"),
        ('name = "order"', 'name = "or der"', "name"),
        ("https://erp.example/order", "ftp://erp.example/", "url"),
        ("https://erp.example/order", "https://me:secret@erp.example/", "url"),
        ('accepts = "sender"', 'accepts = "everybody"', "accepts"),
        ('price = "amount_max"', 'prize = "amount_max"', "prize"),
        ('price = "amount_max"', 'price = "unlimited"', "bounds"),
        ("maxLength = 20", 'pattern = "x"', "pattern"),
        ('type = "object"', 'type = "array"', "object"),
    ],
)
def test_what_would_not_be_obeyed_is_no_declaration(was: str, becomes: str, said: str) -> None:
    text = ORDER.format(url="https://erp.example/order")
    assert was in text
    with pytest.raises(ToolFileError, match=said) as caught:
        read_tools(text.replace(was, becomes))
    assert "secret" not in str(caught.value)


async def test_a_turn_reaches_the_tool_only_within_grant_schema_and_limits(stage: Stage, api: ModelApi) -> None:
    """Counted at the receiver's socket."""
    async with http_receiver("200 OK") as receiver:

        async def post(tool: HttpTool, call: Call) -> Result:
            return await call_tool(way_out(), tool, call, token="")

        stage.tools = http_tools([one(receiver.url)], post)
        await stage.allow("http:order")
        await stage.host(tools=["order"], limits={"amount_max": 100.0})
        asked: list[dict[str, Any]] = [
            {"article": "pencils", "price": 101},
            {"article": "pencils", "price": 9, "url": "https://evil.example/"},
            {"article": "p" * 21, "price": 9},
            {"article": "pencils", "price": 9},
            {"article": "pens", "price": 9},  # what the tool answered anybody may have written: a person is asked
        ]
        api.script = [[use("order", **arguments)] for arguments in asked]
        email = await stage.scene.boss_asks()
        await stage.work()
        steps = [step for step in await stage.steps(email) if step.place]
    assert [(step.state, step.reason) for step in steps] == [
        (StepState.REFUSED, "arguments.outside_limits"),
        (StepState.REFUSED, "arguments.invalid"),
        (StepState.REFUSED, "arguments.invalid"),
        (StepState.DONE, "tool.granted"),
        (StepState.HELD, "label.anybody"),
    ]
    assert [body for _, body in receiver.requests] == [b'{"article":"pencils","price":9}']
