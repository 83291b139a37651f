"""Every form that anybody may send leaves a leaf, or says why not. A form of tomorrow fails here until it is driven."""

from collections.abc import Iterator
from typing import Any

from starlette.routing import Route

from gatepost.app.listeners import faces
from gatepost.settings import Settings, TrustSettings
from trust.scene import Scene
from witnessed import is_seen

_HERE = "tests/doors/public"
_ROOM = f"{_HERE}/test_room.py::test_each_view_bears_the_viewer_s_name_and_is_an_entry"
_NEWS = f"{_HERE}/test_subscribe.py::test_from_the_form_to_the_first_news_and_out_again"
DRIVEN = {
    "/approve/{token}": (
        f"{_HERE}/test_approval.py::test_a_button_rules_once_and_the_page_says_how_it_ended",
        "hold.approve",
    ),
    "/approve-call/{token}": (
        f"{_HERE}/test_held_call.py::test_a_button_rules_once_and_the_turn_goes_on",
        "tool.approved",
    ),
    "/petition/{token}": (f"{_HERE}/test_petition.py::test_an_approvers_key_rules_once", "petition.approve"),
    "/approve-petition/{token}": (
        f"{_HERE}/test_petition.py::test_a_mailed_link_shows_and_its_button_rules_once_without_a_key",
        "petition.approve",
    ),
    "/trust/challenge": (
        f"{_HERE}/test_challenge.py::test_a_word_is_sent_and_found_in_a_run_that_began_after_it",
        "challenge.answered",
    ),
    "/trust/report": (f"{_HERE}/test_report.py::test_the_form_opens_a_case_and_repeats_nothing", "case.received"),
    "/trust/room": (_ROOM, "room.asked"),
    "/trust/room/enter/{link}": (_ROOM, "room.entered"),
    "/trust/room/agree": (_ROOM, "room.agreed"),
    "/trust/subscribe/confirm/{link}": (_NEWS, "news.confirmed"),
    "/trust/subscribe/leave/{link}": (_NEWS, "news.left"),
}
"""Which test sees which entry."""

LEAVES_NONE = {
    # A stranger's address, written by anybody: it gets one link, and is forgotten in two days. A yes is an entry.
    "/trust/subscribe",
    # One more link for whom a person let in; using it is an entry.
    "/trust/room/link",
    # The visitor's browser forgets what would end by itself within hours.
    "/trust/room/leave",
    # Where the canaries' own events arrive: that they were delivered is an entry of who sent them.
    "/status/echo",
}
"""And why."""


def forms(app: Any) -> Iterator[str]:
    """Yield each path of an application that takes anything but a question."""
    while not hasattr(app, "routes"):
        app = app._app  # what serves it, beneath what shortens or waits
    for route in app.routes:
        assert isinstance(route, Route), route
        if (route.methods or set()) - {"GET", "HEAD"}:
            yield route.path


def test_every_form_is_driven(scene: Scene) -> None:
    settings = Settings(state=scene.state, trust=TrustSettings(operator=str(scene.folder)))
    found = {path for app in faces(settings, scene.house).values() for path in forms(app)}
    assert found == DRIVEN.keys() | LEAVES_NONE
    assert [one for one in DRIVEN.items() if not is_seen(*one[1])] == []
