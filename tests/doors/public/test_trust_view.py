import pytest

from gatepost.doors.public.trust_view import FRESH, View, said
from gatepost.trust.held import Held
from trust.scene import Scene


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (True, "yes"),
        (3, "3"),
        (["a", 1], "a, 1"),
        ({"shortest_notice": 30, "in": ["GB"]}, "shortest notice 30, in GB"),
    ],
)
def test_a_value_is_spelled_for_people(value: object, words: str) -> None:
    assert said(value) == words


async def test_a_crowd_is_one_reading_and_a_clock_set_back_reads_anew(scene: Scene) -> None:
    view = View(scene.house, scene.folder, "0.1.0", Held(scene.house.blobs))
    first = await view.look()
    assert await view.look() is first
    scene.clock.now += FRESH
    second = await view.look()
    assert second is not first
    scene.clock.now -= 2 * FRESH
    assert await view.look() is not second
