"""The HTTP tools an operator declares for hosted agents, read from the files that the settings name."""

from collections.abc import Sequence
from pathlib import Path

from gatepost.act.hosted import HttpTool, HttpToolError, Tool, Toolbox, http_tools, read_tools, toolbox
from gatepost.act.hosted.http_tools import Post
from gatepost.settings import Settings, SettingsError


def tools_of(settings: Settings) -> tuple[HttpTool, ...]:
    """Return the tools declared; none without a file.

    Raises:
        SettingsError: the file cannot be read, or declares something that would not be obeyed.
    """
    if not settings.agents.tools:
        return ()
    try:
        return read_tools(Path(settings.agents.tools).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, HttpToolError) as error:
        raise SettingsError(f"agents.tools: {error}") from error


def all_tools(kit: Sequence[Tool], settings: Settings, post: Post) -> Toolbox:
    """Return the tools every house has, and those declared.

    Raises:
        SettingsError: the file cannot be read, or takes the name of a tool every house has.
    """
    try:
        return toolbox([*kit, *http_tools(tools_of(settings), post)])
    except ValueError as error:
        raise SettingsError(f"agents.tools: {error}") from error


def token_of(tool: HttpTool) -> str:
    """Return the bearer token a tool is called with; read at each call, so that it can be changed under way.

    Raises:
        SettingsError: its file cannot be read.
    """
    if not tool.token_file:
        return ""
    try:
        return Path(tool.token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"agents.tools: the token_file of {tool.name} cannot be read") from error
