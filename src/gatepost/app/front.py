"""Several faces on one HTTP port: which of them answers is decided by how the path begins."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """Hands a request to the face whose prefix its path has, else to ``otherwise``.

    Args:
        faces: applications by their prefix, such as ``/approve``, which is theirs too; paths reach them whole.
        otherwise: takes the rest.
    """

    def __init__(self, faces: Mapping[str, ASGIApp], otherwise: ASGIApp) -> None:
        self._faces = {f"{prefix}/": face for prefix, face in faces.items()}
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = f"{scope.get('path', '')}/"
        face = next((face for prefix, face in self._faces.items() if path.startswith(prefix)), self._otherwise)
        await face(scope, receive, send)
