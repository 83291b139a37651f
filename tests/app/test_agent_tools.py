from pathlib import Path

import pytest

from gatepost.act.hosted import Calendar, HttpTool, McpServer, McpTool, ToolFile
from gatepost.act.hosted.paper import Call, Result
from gatepost.app.agent_tools import all_tools, calendars_of, password_of, places_of, token_of, tools_of
from gatepost.settings import AgentSettings, Settings, SettingsError

TOOL = """
[[http]]
name = "order"
description = "Orders."
url = "https://erp.example/order"
parameters = { type = "object", properties = {} }
"""


async def nothing(_tool: HttpTool, _call: Call) -> Result:
    return Result(value=None)


async def unreached(_calendar: Calendar, _call: Call, _method: str, _path: str, _body: bytes) -> tuple[int, bytes]:
    return 0, b""


async def unasked(_server: McpServer, _tool: McpTool, _call: Call) -> Result:
    return Result(value=None)


def settings(path: Path, text: str) -> Settings:
    path.write_text(text)
    return Settings(agents=AgentSettings(tools=str(path)))


def test_a_house_without_the_file_has_no_such_tools() -> None:
    assert tools_of(Settings()) == ToolFile()


def test_the_file_is_read(tmp_path: Path) -> None:
    [tool] = tools_of(settings(tmp_path / "tools.toml", TOOL)).http
    assert (tool.name, token_of(tool)) == ("order", "")
    assert list(all_tools([], settings(tmp_path / "tools.toml", TOOL), nothing, unreached, unasked)) == ["order"]


@pytest.mark.parametrize("text", ["[[http]]", "http = 1", "[[http"])
def test_a_file_that_declares_nothing_readable_is_told_by_its_setting(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="agents"):
        tools_of(settings(tmp_path / "tools.toml", text))


def test_a_missing_file_is_told_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="agents"):
        tools_of(Settings(agents=AgentSettings(tools=str(tmp_path / "none.toml"))))


def test_a_token_is_read_anew_for_each_call(tmp_path: Path) -> None:
    token = tmp_path / "token"
    [tool] = tools_of(settings(tmp_path / "tools.toml", f'{TOOL}token_file = "{token}"')).http
    with pytest.raises(SettingsError, match="order"):
        token_of(tool)
    token.write_text("one\n")
    assert token_of(tool) == "one"
    token.write_text("two\n")
    assert token_of(tool) == "two"


def test_a_name_every_house_has_is_taken(tmp_path: Path) -> None:
    given = settings(tmp_path / "tools.toml", TOOL)
    [taken] = all_tools([], given, nothing, unreached, unasked).values()
    with pytest.raises(SettingsError, match="order"):
        all_tools([taken], given, nothing, unreached, unasked)


def test_calendars_are_read_and_bring_their_tools_and_their_places(tmp_path: Path) -> None:
    file, secret = tmp_path / "calendars.toml", tmp_path / "password"
    file.write_text(
        f'[[calendar]]\nname = "work"\nurl = "https://dav.example/work/"\nuser = "a"\npassword_file = "{secret}"\n'
    )
    given = Settings(agents=AgentSettings(calendars=str(file)))
    assert places_of(given) == [("agents.calendars, work", "https://dav.example/work/")]
    assert set(all_tools([], given, nothing, unreached, unasked)) == {
        "calendar_busy",
        "calendar_propose",
        "calendar_confirm",
    }
    with pytest.raises(SettingsError, match="work"):
        password_of(calendars_of(given)["work"])
    secret.write_text("s3cret\n")
    assert password_of(calendars_of(given)["work"]) == "s3cret"


def test_calendars_that_cannot_be_read_are_told_by_their_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="calendars"):
        calendars_of(Settings(agents=AgentSettings(calendars=str(tmp_path / "none.toml"))))
