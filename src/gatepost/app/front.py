"""Several faces on one HTTP port: which of them answers is decided by how the path begins."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """Hands a request to the face whose place its path has, else to ``otherwise``.

    Args:
        faces: applications by their place, such as ``/approve``: theirs is that path and all below it, which reach
            them whole; ``/`` is the very first page alone.
        otherwise: takes the rest.
    """

    def __init__(self, faces: Mapping[str, ASGIApp], otherwise: ASGIApp) -> None:
        self._faces = dict(faces)
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = str(scope.get("path", ""))
        found = (face for place, face in self._faces.items() if _is_at(path, place))
        await next(found, self._otherwise)(scope, receive, send)


def _is_at(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))
