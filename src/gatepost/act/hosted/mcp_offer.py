"""What an MCP server offers now, spelled as the tables an operator may accept it by. Pure.

It is a stranger's text on its way to a terminal and into a file of settings: whatever it holds stands in TOML strings.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gatepost.act.hosted.mcp_tools import McpServer, digest_of
from gatepost.act.hosted.schema import SchemaError, check_schema

DESCRIPTION_MAX_CHARS = 2_000


def offer(server: McpServer, definitions: Iterable[Mapping[str, Any]]) -> str:
    """Return one table for each tool, to be put below the server's own; comments say what is new and what changed.

    Args:
        server: as it is declared now.
        definitions: what it says of its tools, as ``tools/list`` spells it.
    """
    accepted = {each.name: each for each in server.tool}
    tables, names = [], set()
    for each in definitions:
        name, digest = str(each.get("name", "")), digest_of(each)
        names.add(name)
        known = accepted.get(name)
        word = "new" if known is None else "as accepted" if known.sha256 == digest else "CHANGED since it was accepted"
        tables.append(_table(each, name, digest, word))
    gone = [f"# withdrawn by the server: {_text(name)}\n" for name in accepted if name not in names]
    return "\n".join([*tables, *gone])


class NotOfferedError(ValueError):
    """The offer cannot be accepted so; the text says why."""


def accept(text: str, server: McpServer, name: str, digest: str, definitions: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of the file of tools with ``digest`` in place of the one accepted before; all else stays.

    Args:
        text: of the file.
        server: as that file declares it.
        name: of the tool.
        digest: of what the operator was shown.
        definitions: what the server says of its tools now.

    Raises:
        NotOfferedError: the file declares no such tool, the server says something else, or nothing has changed.
    """
    known = next((each for each in server.tool if each.name == name), None)
    if known is None:
        raise NotOfferedError("the file declares no such tool: put the table that offers prints below its server")
    if [digest_of(each) for each in definitions if each.get("name") == name] != [digest]:
        raise NotOfferedError("this is not what the server says of the tool now: look at its offers again")
    if known.sha256 == digest:
        raise NotOfferedError("this is accepted already")
    if text.count(known.sha256) != 1:
        raise NotOfferedError("the file names the digest accepted before more than once: change it by hand")
    return text.replace(known.sha256, digest)


def _table(definition: Mapping[str, Any], name: str, digest: str, word: str) -> str:
    lines = [f"# {word}", "[[mcp.tool]]", f"name = {_text(name)}", f'sha256 = "{digest}"']
    lines.append(f"description = {_text(str(definition.get('description') or name)[:DESCRIPTION_MAX_CHARS])}")
    schema = definition.get("inputSchema")
    try:
        check_schema(schema, "parameters")
        lines.append(f"parameters = {_spelled(schema)}")
    except (SchemaError, ValueError) as error:
        lines.append(f"# write parameters of your own, for of the server's: {_text(str(error))}")
    return "\n".join(lines) + "\n"


def _spelled(value: Any) -> str:
    """Return a value as TOML has it inline; members that are null are left out, which a schema's words bear."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _text(value)
        case list():
            return f"[{', '.join(map(_spelled, value))}]"
        case dict():
            members = (f"{_text(str(name))} = {_spelled(each)}" for name, each in value.items() if each is not None)
            return f"{{ {', '.join(members)} }}"
        case _:
            raise ValueError("null stands in a list")


def _text(text: str) -> str:
    """Return a basic string of TOML (1.0 section String) with nothing in it that steers a terminal or hides."""
    return f'"{"".join(map(_char, text))}"'


def _char(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    number = ord(char)
    if 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004  # a surrogate alone is no character
        return "\\uFFFD"
    return f"\\u{number:04X}" if number <= 0xFFFF else f"\\U{number:08X}"  # noqa: PLR2004  # what four digits hold
