"""Where this house is found, as its machine-readable pages spell it: absolute, for a relative reference is no URI."""

from starlette.requests import Request


def own_url(request: Request, public_url: str) -> str:
    """Return the operator's public URL, else where this request came in; without a final slash.

    What the visitor calls us (``Host``) is never repeated: pages are kept for others.
    """
    if public_url:
        return public_url.rstrip("/")
    host, port = request.scope.get("server") or ("", None)
    if not host or port is None:  # a socket that has no address
        return ""
    name = f"[{host}]" if ":" in host else host
    return f"{request.scope['scheme']}://{name}:{port}"
