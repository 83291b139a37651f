"""The document room's pages: ask, be let in by a link, agree, look. No script; one cookie, while somebody is inside."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost.doors.public.form import Turnstile, again, one, read_form
from gatepost.doors.public.trust_view import MACHINE, Seen, View, page, unkept
from gatepost.record.trust_log import TRUST
from gatepost.trust import room
from gatepost.trust.documents import rendered
from gatepost.trust.room import File, Inside, Visitor
from gatepost.trust.room.visit import SESSION_LASTS

PATH = "/trust/room"
INSIDE = f"{PATH}/inside"
COOKIE = "gatepost_room"
_ASKED = "If it can be granted, a person looks at it, and the address given hears of it by mail."


class Room:
    """The pages of one house."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._house = view.house
        self._turnstile = Turnstile(view.house.clock)

    async def door(self, _request: Request) -> Response:
        """What lies inside, by title; the form that asks; the form for who was let in before."""
        return await self._door(await self._view.look())

    async def ask(self, request: Request) -> Response:
        """Remember a request."""
        seen, wait_s = await self._view.look(), self._turnstile.take(request)
        if wait_s:
            return self._later(seen, wait_s)
        form = await read_form(request)
        visitor = Visitor(
            name=one(form, "name"), company=one(form, "company"), address=one(form, "address"), why=one(form, "why")
        )
        try:
            await room.ask(self._house, visitor)
        except room.AskError as error:
            return await self._door(seen, HTTPStatus.BAD_REQUEST, problem=str(error))
        except room.TooManyError as error:
            return self._later(seen, error.retry_after_s)
        return self._said(seen, "It was taken", _ASKED, HTTPStatus.ACCEPTED)

    async def link(self, request: Request) -> Response:
        """Promise a new link to who was let in before."""
        seen, wait_s = await self._view.look(), self._turnstile.take(request)
        if wait_s:
            return self._later(seen, wait_s)
        form = await read_form(request)
        await room.send_link(self._house, one(form, "address"))
        return self._said(seen, "Look into your mail", "If you are let in, a link is on its way.", HTTPStatus.ACCEPTED)

    async def show_enter(self, request: Request) -> Response:
        """What the link would do: scanners of mail open links, and it counts once."""
        seen = await self._view.look()
        if not await room.is_good(self._house, request.path_params["link"]):
            return self._over(seen)
        values = {"title": "The document room", "text": "This link counts once.", "button": "Go in"}
        return unkept(page("trust_button.html", HTTPStatus.OK, operator=seen.operator, at=seen.at, **values))

    async def enter(self, request: Request) -> Response:
        """Let the link count."""
        secret = await room.enter(self._house, request.path_params["link"])
        if secret is None:
            return self._over(await self._view.look())
        got = RedirectResponse(INSIDE, HTTPStatus.SEE_OTHER)
        got.set_cookie(
            COOKIE,
            secret,
            max_age=int(SESSION_LASTS.total_seconds()),
            path=PATH,
            secure=self._house.public_url.startswith("https:"),
            httponly=True,
            samesite="strict",
        )
        return unkept(got)

    async def inside(self, request: Request) -> Response:
        """The text to agree to; after that, what lies here, and that text still."""
        seen, who = await self._view.look(), await self._who(request)
        return await self._inside(seen, who)

    async def agree(self, request: Request) -> Response:
        """Note that the text shown was agreed to."""
        seen, who, form = await self._view.look(), await self._who(request), await read_form(request)
        is_ticked = one(form, "agree") == "yes"
        if not is_ticked or not await room.agree(self._house, who, one(form, "sha256")):
            return await self._inside(seen, who, problem="tick the box, below the text as it stands now")
        return unkept(RedirectResponse(INSIDE, HTTPStatus.SEE_OTHER))

    async def file(self, request: Request) -> Response:
        """One document, with whose copy it is."""
        seen, who = await self._view.look(), await self._who(request)
        found = await room.look(self._house, who, request.path_params["file"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        file, octets = found
        now = self._house.clock()
        if file.media == "text/markdown":
            values = {"file": file, "html": rendered(octets.decode("utf-8", "replace"))}
            mark = room.mark(who.grant, now)
            return unkept(
                page("room_file.html", HTTPStatus.OK, operator=seen.operator, at=seen.at, mark=mark, **values)
            )
        return unkept(_handed_out(file, octets, room.marked(octets, who.grant, now)))

    async def leave(self, request: Request) -> Response:
        """End the visit."""
        await room.leave(self._house, request.cookies.get(COOKIE, ""))
        got = RedirectResponse(PATH, HTTPStatus.SEE_OTHER)
        got.delete_cookie(COOKIE, path=PATH)
        return unkept(got)

    async def _who(self, request: Request) -> Inside:
        secret = request.cookies.get(COOKIE, "")
        found = await room.inside(self._house, secret) if secret else None
        if found is None:
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return found

    async def _door(self, seen: Seen, status: HTTPStatus = HTTPStatus.OK, problem: str = "") -> Response:
        files = await self._files()
        return page("room.html", status, operator=seen.operator, at=seen.at, files=files, problem=problem)

    async def _inside(self, seen: Seen, who: Inside, problem: str = "") -> Response:
        text = await room.octets_of(self._house, who.nda) if who.nda else b""
        made = page(
            "room_inside.html",
            HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK,
            operator=seen.operator,
            at=seen.at,
            who=who,
            problem=problem,
            nda=rendered((text or b"").decode("utf-8", "replace")),
            files=await self._files(),
        )
        return unkept(made)

    async def _files(self) -> list[File]:
        async with self._house.db.transaction(TRUST) as tx:
            return [each for each in await room.files(tx) if each.id != room.NDA]

    def _later(self, seen: Seen, wait_s: int) -> Response:
        got = self._said(seen, "Too many asked just now", again(wait_s), HTTPStatus.TOO_MANY_REQUESTS)
        got.headers["Retry-After"] = str(wait_s)
        return got

    def _over(self, seen: Seen) -> Response:
        text = "It was used, is too old, or is none of ours. Ask for a new one at the door."
        return self._said(seen, "This link counts no more", text, HTTPStatus.GONE)

    @staticmethod
    def _said(seen: Seen, title: str, text: str, status: HTTPStatus) -> Response:
        return unkept(page("trust_said.html", status, operator=seen.operator, at=seen.at, title=title, text=text))


def _handed_out(file: File, octets: bytes, marked: str) -> Response:
    """Return a document as a download: a text with its mark, anything else as it is."""
    is_text = file.media == "text/plain"
    name = f"{file.id}.{'txt' if is_text else 'pdf'}"
    headers = {**MACHINE, "Content-Disposition": f'attachment; filename="{name}"'}
    del headers["Access-Control-Allow-Origin"]
    return Response(marked.encode() if is_text else octets, headers=headers, media_type=file.media)


def routes(view: View) -> list[Route]:
    """Return the pages' places."""
    pages = Room(view)
    return [
        Route(PATH, pages.door, methods=["GET"]),
        Route(PATH, pages.ask, methods=["POST"]),
        Route(f"{PATH}/link", pages.link, methods=["POST"]),
        Route(f"{room.ENTER_PATH}/{{link}}", pages.show_enter, methods=["GET"]),
        Route(f"{room.ENTER_PATH}/{{link}}", pages.enter, methods=["POST"]),
        Route(INSIDE, pages.inside, methods=["GET"]),
        Route(f"{PATH}/agree", pages.agree, methods=["POST"]),
        Route(f"{PATH}/leave", pages.leave, methods=["POST"]),
        Route(f"{PATH}/files/{{file}}", pages.file, methods=["GET"]),
    ]
