"""A visitor's nonce: sent by a form, found again in a run that began after it came."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatepost import trust
from gatepost.doors.public.form import Turnstile, again, one, read_form
from gatepost.doors.public.trust_view import View, page, unkept
from gatepost.trust import Challenge
from gatepost.trust.challenge import digest

PATH = "/trust/challenge"


class Challenging:
    """The pages of one house."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._turnstile = Turnstile(view.house.clock)

    async def form(self, _request: Request) -> Response:
        """The form."""
        return await self._page()

    async def ask(self, request: Request) -> Response:
        """Take a nonce, and lead to where its answer will be."""
        nonce = one(await read_form(request), "nonce", 200)
        try:
            digest(nonce)  # what is no nonce costs no turn: nothing is run for it
            wait_s = self._turnstile.take(request)
            if wait_s:
                return await self._later(wait_s)
            await trust.ask_challenge(self._view.house.db, nonce, self._view.house.clock())
        except trust.NonceError as error:
            return await self._page(HTTPStatus.BAD_REQUEST, problem=str(error))
        except trust.TooManyError as error:
            return await self._later(error.retry_after_s)
        return unkept(RedirectResponse(f"{PATH}/{nonce}", HTTPStatus.SEE_OTHER))

    async def answer(self, request: Request) -> Response:
        """What became of a nonce."""
        try:
            found = await trust.read_challenge(self._view.house.db, request.path_params["nonce"])
        except trust.NonceError:
            found = None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return unkept(await self._page(challenge=found))

    async def _later(self, wait_s: int) -> Response:
        made = await self._page(
            HTTPStatus.TOO_MANY_REQUESTS, problem=f"too many asked just now. {again(wait_s)}".removesuffix(".")
        )
        made.headers["Retry-After"] = str(wait_s)
        return unkept(made)

    async def _page(
        self, status: HTTPStatus = HTTPStatus.OK, problem: str = "", challenge: Challenge | None = None
    ) -> Response:
        seen = await self._view.look()
        values = {"problem": problem, "challenge": challenge}
        return page("challenge.html", status, operator=seen.operator, at=seen.at, **values)


def routes(view: View) -> list[Route]:
    """Return the pages' places."""
    pages = Challenging(view)
    return [
        Route(PATH, pages.form, methods=["GET"]),
        Route(PATH, pages.ask, methods=["POST"]),
        Route(f"{PATH}/{{nonce}}", pages.answer, methods=["GET"]),
    ]
