"""Several faces on one port."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from doors.rest.scene import calls
from gatepost.app.front import Front


def face(said: str) -> ASGIApp:
    return Starlette(routes=[Route("/{path:path}", lambda _: PlainTextResponse(said))])


async def test_a_path_leads_to_the_face_whose_place_it_has() -> None:
    front = Front({"/approve": face("page"), "/llms.txt": face("file"), "/": face("first")}, face("rest"))
    paths = ("/approve/x", "/approved", "/approve", "/api", "/", "/llms.txt", "/llms.txt/x", "/llms.txtx")
    async with calls(front, None) as client:
        said = [(await client.get(path)).text for path in paths]
    assert said == ["page", "rest", "page", "rest", "first", "file", "file", "rest"]
