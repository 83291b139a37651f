from datetime import timedelta

import pytest

from gatepost.doors.public.trust_view import FRESH, View, every, said
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
        ({"http": {"days": 9, "takes": ["a", "b"]}, "metrics": "clear"}, "http (days 9; takes a, b); metrics clear"),
    ],
)
def test_a_value_is_spelled_for_people(value: object, words: str) -> None:
    assert said(value) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0.5, "every 30 seconds"),
        (1, "every minute"),
        (90, "every 90 minutes"),
        (60, "every hour"),
        (10_080, "every 7 days"),
    ],
)
def test_how_often_is_spelled_for_people(minutes: float, words: str) -> None:
    assert every(timedelta(minutes=minutes)) == words


async def test_a_crowd_is_one_reading_and_a_clock_set_back_reads_anew(scene: Scene) -> None:
    view = View(scene.house, scene.folder, "0.1.0", Held(scene.house.blobs))
    first = await view.look()
    assert await view.look() is first
    scene.clock.now += FRESH
    second = await view.look()
    assert second is not first
    scene.clock.now -= 2 * FRESH
    assert await view.look() is not second
