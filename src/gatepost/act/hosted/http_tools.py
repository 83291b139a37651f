"""HTTP tools, as an operator declares them: one table ``[[http]]`` for each. Pure.

A call is one POST of the arguments as JSON, whatever the model writes: the address, the name and the credential are the
operator's, and no argument gets into them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Result
from gatepost.act.hosted.schema import check_schema
from gatepost.act.hosted.tools import Tool
from gatepost.egress import read_url


def _url(text: str) -> str:
    read_url(text)
    return text


ToolUrl = Annotated[str, Field(max_length=2_000), AfterValidator(_url)]
Bounds = dict[str, Literal["recipients", "calendars", "amount_max"]]
"""Arguments that must stay within the agent's limits: name to which of them."""


def check_parameters(parameters: Mapping[str, Any], bounds: Mapping[str, str]) -> None:
    """See that all that is declared of arguments will be enforced; raises ``ValueError``."""
    check_schema(parameters, "parameters")
    if parameters.get("type") != "object":
        raise ValueError("parameters must be of an object")
    if missing := sorted(set(bounds) - set(parameters.get("properties", {}))):
        raise ValueError(f"bounds name {missing[0]}, which is no parameter")


class HttpTool(BaseModel):
    """One tool.

    Attributes:
        parameters: JSON Schema of the arguments, the part of it that is enforced (``schema.py``).
        accepts: the lowest label at which it runs without a person.
        answers: whose words its answers are.
        bounds: arguments that must stay within the agent's limits.
        is_repeatable: its server knows a repetition by the field ``Idempotency-Key``, or repeating does no harm.
        token_file: holds the bearer token it is called with; empty for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,47}$")]
    description: Annotated[str, Field(min_length=1, max_length=2_000)]
    url: ToolUrl
    parameters: dict[str, Any]
    accepts: Literal["anybody", "sender", "operator"] = "sender"
    answers: Literal["anybody", "sender", "operator"] = "anybody"
    bounds: Bounds = {}
    is_repeatable: bool = False
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    token_file: str = ""

    @model_validator(mode="after")
    def _is_enforced(self) -> "HttpTool":
        check_parameters(self.parameters, self.bounds)
        return self

    @property
    def capability(self) -> str:
        """What a grant must name for it."""
        return f"http:{self.name}"


Post = Callable[[HttpTool, Call], Awaitable[Result]]
"""Makes one call (``client.call_tool``)."""


def http_tools(declared: Iterable[HttpTool], post: Post) -> list[Tool]:
    """Return the tools, each with its capability ``http:<name>``."""
    return [_tool(each, post) for each in declared]


def _tool(declared: HttpTool, post: Post) -> Tool:
    async def run(call: Call) -> Result:
        return await post(declared, call)

    return Tool(
        name=declared.name,
        description=declared.description,
        schema=declared.parameters,
        capability=declared.capability,
        accepts=Label[declared.accepts.upper()],
        run=run,
        bounds=declared.bounds,
        is_repeatable=declared.is_repeatable,
    )
