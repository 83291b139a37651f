"""The tools and calendars an operator declares for hosted agents, read from the files that the settings name."""

from collections.abc import Sequence
from pathlib import Path

from gatepost.act.hosted import (
    Calendar,
    CalendarError,
    HttpTool,
    McpServer,
    Tool,
    Toolbox,
    ToolFile,
    ToolFileError,
    calendar_tools,
    http_tools,
    mcp_tools,
    read_calendars,
    read_tools,
    toolbox,
)
from gatepost.act.hosted.calendar_tools import Reach
from gatepost.act.hosted.http_tools import Post
from gatepost.act.hosted.mcp_tools import Reach as ReachServer
from gatepost.settings import Settings, SettingsError


def tools_of(settings: Settings) -> ToolFile:
    """Return the tools declared, by HTTP and of MCP servers; none without a file.

    Raises:
        SettingsError: the file cannot be read, or declares something that would not be obeyed.
    """
    if not settings.agents.tools:
        return ToolFile()
    try:
        return read_tools(Path(settings.agents.tools).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ToolFileError) as error:
        raise SettingsError(f"agents.tools: {error}") from error


def calendars_of(settings: Settings) -> dict[str, Calendar]:
    """Return the calendars declared, by name; none without a file.

    Raises:
        SettingsError: the file cannot be read, or declares something that would not be obeyed.
    """
    if not settings.agents.calendars:
        return {}
    try:
        return read_calendars(Path(settings.agents.calendars).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, CalendarError) as error:
        raise SettingsError(f"agents.calendars: {error}") from error


def places_of(settings: Settings) -> list[tuple[str, str]]:
    """Return what each place to connect to is declared in, with its name and its URL; raises ``SettingsError``."""
    declared = tools_of(settings)
    return [
        *((f"agents.tools, {each.name}", each.url) for each in declared.http),
        *((f"agents.tools, {each.name}", each.url) for each in declared.mcp),
        *((f"agents.calendars, {each.name}", each.url) for each in calendars_of(settings).values()),
    ]


def all_tools(kit: Sequence[Tool], settings: Settings, post: Post, reach: Reach, reach_server: ReachServer) -> Toolbox:
    """Return the tools every house has, and those declared.

    Raises:
        SettingsError: a file cannot be read, or takes the name of a tool every house has.
    """
    calendars, declared = calendar_tools(calendars_of(settings), reach), tools_of(settings)
    try:
        return toolbox([*kit, *calendars, *http_tools(declared.http, post), *mcp_tools(declared.mcp, reach_server)])
    except ValueError as error:
        raise SettingsError(f"agents.tools: {error}") from error


def token_of(tool: HttpTool | McpServer) -> str:
    """Return the bearer token a tool or server is called with; read at each call, so that it can be changed under way.

    Raises:
        SettingsError: its file cannot be read.
    """
    return _secret(tool.token_file, f"agents.tools: the token_file of {tool.name}")


def password_of(calendar: Calendar) -> str:
    """Return the password of a calendar's user; read at each call; raises ``SettingsError``."""
    return _secret(calendar.password_file, f"agents.calendars: the password_file of {calendar.name}")


def _secret(path: str, what: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{what} cannot be read") from error
