import pytest

from gatepost.act.hosted.client import ask
from gatepost.act.hosted.messages import ModelFaultError, request
from gatepost.act.hosted.paper import Said
from gatepost.egress import Errand, Purpose
from model_api import ModelApi, text
from outbound import TENANT
from ways import anywhere, way_out

ERRAND = Errand(Purpose.MODEL, "ag_x", TENANT)
BODY = request(
    model="m",
    system="s",
    messages=[{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    tools=[],
    output_tokens_max=10,
)


async def asked(api: ModelApi, url: str = "", key: str = "sk-test", timeout_s: float = 10) -> Said:
    return await ask(way_out(), ERRAND, url or api.url, key, BODY, timeout_s=timeout_s)


async def fault(api: ModelApi, url: str = "", key: str = "sk-test", timeout_s: float = 10) -> tuple[str, bool]:
    with pytest.raises(ModelFaultError) as caught:
        await asked(api, url, key, timeout_s)
    return caught.value.reason, caught.value.is_asked


async def test_an_answer_is_streamed_and_counted_as_the_api_counts(api: ModelApi) -> None:
    api.script = [[text("Hello yourself.")]]
    said = await asked(api, f"{api.url}/")
    assert said.blocks == ({"type": "text", "text": "Hello yourself."},)
    assert (said.usage.input, said.usage.output) == (api.input_tokens, api.output_tokens)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, "model.unavailable"),
        (529, "model.unavailable"),
        (500, "model.unavailable"),
        (403, "model.key_refused"),
        (404, "model.request_refused"),
        (302, "model.request_refused"),
    ],
)
async def test_a_status_says_whether_to_come_back_and_that_nothing_was_run(
    api: ModelApi, status: int, reason: str
) -> None:
    api.script = [status]
    assert await fault(api) == (reason, False)


async def test_a_wrong_key_is_named(api: ModelApi) -> None:
    assert await fault(api, key="sk-wrong") == ("model.key_refused", False)


async def test_nobody_there_means_nothing_was_run(api: ModelApi) -> None:
    assert await fault(api, "http://127.0.0.1:1") == ("model.unreachable", False)


async def test_an_answer_that_breaks_off_may_have_cost_something(api: ModelApi) -> None:
    api.cut_after = 3
    assert await fault(api) == ("model.answer_cut", True)


async def test_an_endpoint_that_says_nothing_is_waited_for_no_longer_than_allowed(api: ModelApi) -> None:
    api.silent = True
    assert await fault(api, timeout_s=0.3) == ("model.too_slow", True)


async def test_where_no_model_may_be_reached_no_socket_is_opened(api: ModelApi) -> None:
    with pytest.raises(ModelFaultError, match="egress_refused"):
        await ask(way_out(rows=anywhere(Purpose.WEBHOOK)), ERRAND, api.url, "sk-test", BODY)
    assert api.requests == []
