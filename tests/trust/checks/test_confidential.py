"""The check of the document room, on the room itself: the other half of its controls."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from gatepost.doors.public.trust import build as build_trust
from gatepost.record.trust_log import TRUST
from gatepost.trust import Outcome, room
from gatepost.trust.bench import Bench
from gatepost.trust.catalogue import CATALOGUE
from gatepost.trust.checks import confidential
from gatepost.trust.held import Held
from gatepost.trust.paper import CannotVerifyError
from gatepost.trust.probe.client import Prober
from gatepost.trust.world import Endpoint
from trust.posting import Posting
from trust.room.test_stock import papers
from trust.scene import Scene


@asynccontextmanager
async def served(scene: Scene) -> AsyncIterator[Endpoint]:
    """Serve the public pages of the scene's house on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(
            uvicorn.Config(
                build_trust(scene.house, scene.folder, "0.1.0", Held(scene.house.blobs)),
                log_config=None,
                lifespan="off",
            )
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listening]))
            yield Endpoint(door="http", host="127.0.0.1", port=listening.getsockname()[1], tls="")
            server.should_exit = True


async def test_an_empty_room_is_not_green(scene: Scene) -> None:
    with pytest.raises(CannotVerifyError, match=r"room\.empty"):
        await confidential.house_room(scene.world(scene.operator()), {})


async def test_the_canary_is_kept_out_let_in_named_and_logged_each_time(
    post: Posting, bench: Bench, tmp_path: Path
) -> None:
    await room.publish(post.house, papers(tmp_path), by="operator")
    async with served(post) as door:
        post.endpoints = (door,)
        for _ in range(2):
            target = await confidential.house_room(post.world(post.operator()), {})
            here = replace(target, prober=Prober(bench.egress, bench.entropy))
            found = await CATALOGUE["room.guarded"].of_target(here)
            assert (found.outcome, found.value) == (Outcome.PASS, {"papers": 1, "marked": 1}), found
    async with post.house.db.transaction(TRUST) as tx:
        grants = await room.grants(tx)
        assert len(await room.views(tx)) == 2
    assert {each.visitor for each in grants} == {room.canary.WHO}


async def test_a_house_without_a_record_shows_no_paper(scene: Scene, bench: Bench, tmp_path: Path) -> None:
    await room.publish(scene.house, papers(tmp_path), by="operator")
    async with served(scene) as door:
        scene.endpoints = (door,)
        target = await confidential.house_room(scene.world(scene.operator()), {})
        found = await confidential.guarded(replace(target, prober=Prober(bench.egress, bench.entropy)))
    assert (found.outcome, found.reason) == (Outcome.FAIL, "room.shut_after_agreement")
