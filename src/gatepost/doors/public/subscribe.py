"""Subscribing to changes and incidents: a form, a link that shows (GET) and decides (POST), one click to leave.

Every form is answered alike, whoever is told already. One-click unsubscription (RFC 8058) is the POST of the link in a
mail's List-Unsubscribe field; opening that link shows a button, for scanners of mail open links.
"""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatepost.doors.public.form import Turnstile, again, one, read_form
from gatepost.doors.public.trust_view import Seen, View, page, unkept
from gatepost.trust import news
from gatepost.trust.news import Channel, Topic
from gatepost.trust.news.paper import in_words
from gatepost.trust.news.subscribe import CONFIRM_PATH, LEAVE_PATH

PATH = "/trust/subscribe"
_ASKED = "If nothing hinders, a message with a link is on its way there. Nobody is told anything before it is followed."


class Subscribing:
    """The pages of one house."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._house = view.house
        self._turnstile = Turnstile(view.house.clock)

    async def form(self, _request: Request) -> Response:
        """The forms."""
        return self._form(await self._view.look())

    async def ask(self, request: Request) -> Response:
        """Promise the link that confirms."""
        seen, wait_s = await self._view.look(), self._turnstile.take(request)
        if wait_s:
            return self._later(seen, wait_s)
        form = await read_form(request)
        channel = Channel.WEBHOOK if one(form, "url") else Channel.MAIL
        topics = {topic for topic in Topic if topic.value in form.get("topic", [])}
        if not self._house.public_url:
            return self._form(seen, HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            await news.ask(self._house, channel, one(form, "url") or one(form, "address"), topics)
        except news.TargetError as error:
            return self._form(seen, HTTPStatus.BAD_REQUEST, problem=str(error))
        except news.TooManyError as error:
            return self._later(seen, error.retry_after_s)
        return self._said(seen, "Look there", _ASKED, HTTPStatus.ACCEPTED)

    async def show_confirm(self, request: Request) -> Response:
        """What the link would do."""
        seen = await self._view.look()
        found, round_ = await news.find(self._house, news.CONFIRM, request.path_params["link"])
        if found is None or not news.still_counts(found, round_, self._house.clock()):
            return self._over(seen)
        text = f"You will be told of: {in_words(found.wanted)}. Nothing is sent before you press this."
        return self._button(seen, "Do you agree?", text, "Yes, tell me")

    async def confirm(self, request: Request) -> Response:
        """Let the link count."""
        seen = await self._view.look()
        if not await news.confirm(self._house, request.path_params["link"]):
            return self._over(seen)
        return self._said(seen, "Agreed", "You are told from now on. Each message has a link that ends it.")

    async def show_leave(self, request: Request) -> Response:
        """What the link would do."""
        seen = await self._view.look()
        found, _ = await news.find(self._house, news.LEAVE, request.path_params["link"])
        if found is None:
            return self._said(seen, "You are told nothing", "Whoever had this link is not on the list.")
        return self._button(seen, "Be told no more?", "The address is forgotten at once.", "End it")

    async def leave(self, request: Request) -> Response:
        """Forget them."""
        seen = await self._view.look()
        if not await news.leave(self._house, request.path_params["link"]):
            return self._over(seen)
        return self._said(seen, "Ended", "The address is forgotten, and you are told nothing any more.")

    def _form(self, seen: Seen, status: HTTPStatus = HTTPStatus.OK, problem: str = "") -> Response:
        return page(
            "subscribe.html",
            status,
            operator=seen.operator,
            at=seen.at,
            problem=problem,
            is_open=bool(self._house.public_url),
            key=news.whpk(self._house.keyring),
        )

    def _later(self, seen: Seen, wait_s: int) -> Response:
        got = self._said(seen, "Too many asked just now", again(wait_s), HTTPStatus.TOO_MANY_REQUESTS)
        got.headers["Retry-After"] = str(wait_s)
        return got

    def _over(self, seen: Seen) -> Response:
        text = "It was used, is too old, or is none of ours. You can ask for a new one."
        return self._said(seen, "This link counts no more", text, HTTPStatus.GONE)

    @staticmethod
    def _said(seen: Seen, title: str, text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
        return unkept(page("trust_said.html", status, operator=seen.operator, at=seen.at, title=title, text=text))

    @staticmethod
    def _button(seen: Seen, title: str, text: str, button: str) -> Response:
        made = page("trust_button.html", operator=seen.operator, at=seen.at, title=title, text=text, button=button)
        return unkept(made)


def routes(view: View) -> list[Route]:
    """Return the pages' places."""
    pages = Subscribing(view)
    return [
        Route(PATH, pages.form, methods=["GET"]),
        Route(PATH, pages.ask, methods=["POST"]),
        Route(f"{CONFIRM_PATH}/{{link}}", pages.show_confirm, methods=["GET"]),
        Route(f"{CONFIRM_PATH}/{{link}}", pages.confirm, methods=["POST"]),
        Route(f"{LEAVE_PATH}/{{link}}", pages.show_leave, methods=["GET"]),
        Route(f"{LEAVE_PATH}/{{link}}", pages.leave, methods=["POST"]),
    ]
