import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from act.hosted.mcp_peers import TOOL, scripted
from act.hosted.pieces import TURN
from app.running import settings_in
from gatepost.act.hosted.mcp_offer import offer
from gatepost.act.hosted.messages import ModelFaultError
from gatepost.act.hosted.paper import Call, Speech
from gatepost.app import model_key
from gatepost.app.agent_worker import desk, prices_of, speak
from gatepost.db import Database
from gatepost.ids import AgentId, EmailId
from gatepost.settings import AgentSettings, Settings, SettingsError
from journeys.scene import Scene, open_scene
from model_api import ModelApi, model_api
from outbound import TENANT


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(db, tmp_path / "house") as opened:
        yield opened


@pytest.fixture
async def api() -> AsyncIterator[ModelApi]:
    async with model_api() as running:
        yield running


def said(scene: Scene, parent: EmailId, text: str = "Yes.") -> Speech:
    return Speech(
        tenant=TENANT, account=scene.account, agent=AgentId("ag_x"), parent=parent, text=text, key=f"key-{text}"
    )


async def test_what_a_turn_says_is_a_submission_and_said_twice_is_one(scene: Scene) -> None:
    email = await scene.boss_asks()
    first = await speak(said(scene, email), scene.house)
    assert (await speak(said(scene, email), scene.house)).value == first.value
    assert not first.is_error


async def test_a_message_that_is_gone_is_a_result(scene: Scene) -> None:
    result = await speak(said(scene, EmailId("em_none")), scene.house)
    assert (result.is_error, result.value) == (True, {"reason": "message.gone"})


async def test_the_key_is_read_when_it_is_needed_and_goes_to_the_endpoint_alone(
    scene: Scene, api: ModelApi, tmp_path: Path
) -> None:
    settings = replace(settings_in(tmp_path / "state"), agents=AgentSettings(url=api.url))
    model_key.keep(settings.state, scene.house.keyring, "sk-other")
    ask = desk(settings, scene.house).ask
    with pytest.raises(ModelFaultError, match="key_refused"):
        await ask(TURN, b"{}")
    api.key = "sk-other"
    with pytest.raises(ModelFaultError, match=r"unreachable|request_refused"):
        await ask(TURN, b"{}")


async def test_a_declared_server_is_called_with_the_token_of_its_file(scene: Scene, tmp_path: Path) -> None:
    file, token = tmp_path / "tools.toml", tmp_path / "token"
    async with scripted() as (peer, server):
        head = f'[[mcp]]\nname = "old"\nurl = "{server.url}"\ntoken_file = "{token}"\n'
        file.write_text(head + offer(server, [TOOL]))
        settings = replace(settings_in(tmp_path / "state"), agents=AgentSettings(tools=str(file)))
        tool = desk(settings, scene.house).tools["old_lookup"]
        call = Call(turn=TURN, arguments={}, key="k", at=scene.clock.now)
        assert (await tool.run(call)).value == {"reason": "tool.token_missing"}
        assert peer.asked == []
        token.write_text("secret\n")
        assert (await tool.run(call)).value == {"text": "Ten left."}
    assert all("authorization: bearer secret" in each.lower() for each in peer.heads)


def test_prices_are_the_operators_where_there_are_any(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text("[m]\ninput = 1\noutput = 1\ncache_write = 1\ncache_read = 1\n")
    assert list(prices_of(Settings(agents=AgentSettings(prices=str(own))))) == ["m"]
    assert "m" not in prices_of(Settings())
    own.write_text("[m]\n")
    for wrong in (str(own), str(tmp_path / "none")):
        with pytest.raises(SettingsError, match=r"agents\.prices"):
            prices_of(Settings(agents=AgentSettings(prices=wrong)))


CLOSING = """
import sys, threading, time, socket
from gatepost.app.agent_worker import _close
from gatepost.app.workers import Order
from gatepost.settings import AgentSettings, Settings
threading.Thread(target=time.sleep, args=(3,), daemon=True).start()  # a filter would not bind it: none is taken
must = sys.argv[1] == "must"
settings = Settings(agents=AgentSettings(must_be_confined=must))
_close(Order(settings=settings, dsn="", allow_loopback=False, port=0, door="/nowhere/door"))
try:
    socket.create_connection(("127.0.0.1", 9))
except PermissionError as error:
    print("by the hook:", type(error).__name__)
"""


@pytest.mark.parametrize(("word", "code", "said"), [("must", 1, ""), ("may", 0, "by the hook: OutsideEgressError\n")])
def test_where_the_kernel_takes_no_filter_no_turn_is_taken_unless_that_is_allowed(
    word: str, code: int, said: str
) -> None:
    done = subprocess.run(  # noqa: S603  # these very lines
        [sys.executable, "-c", CLOSING, word],
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout.removeprefix(done.stdout.partition("by the hook")[0])) == (code, said)
    assert "agents.unconfined" in done.stdout
