"""The TOML file in which an operator declares tools: those called by HTTP, and MCP servers with theirs. Pure."""

import tomllib

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gatepost.act.hosted.http_tools import HttpTool
from gatepost.act.hosted.mcp_tools import McpServer

TOOLS_MAX = 64


class ToolFileError(ValueError):
    """The file declares no tools; the text says where, without the values."""


class ToolFile(BaseModel):
    """All that one file declares; no two tools in it have one name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    http: tuple[HttpTool, ...] = Field(default=(), max_length=TOOLS_MAX)
    mcp: tuple[McpServer, ...] = Field(default=(), max_length=TOOLS_MAX)

    @model_validator(mode="after")
    def _is_told_apart(self) -> "ToolFile":
        if len({server.name for server in self.mcp}) < len(self.mcp):
            raise ValueError("two servers have one name")
        names = [each.name for each in self.http]
        names += [server.name_of(each) for server in self.mcp for each in server.tool]
        if len(set(names)) < len(names):
            raise ValueError("two tools have one name")
        return self


def read_tools(text: str) -> ToolFile:
    """Read the file's text.

    Raises:
        ToolFileError: it is no TOML, or says something that would not be obeyed.
    """
    try:
        return ToolFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        fault = error.errors(include_input=False, include_context=False, include_url=False)[0]
        raise ToolFileError(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ToolFileError(str(error)) from None
