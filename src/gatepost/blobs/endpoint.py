"""Where an S3 bucket is, and as whom we speak to it: from the usual ``AWS_*`` variables. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One S3 service and one account of it. Everything is said outright, so that obstore looks nowhere else."""

    url: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)

    @property
    def host(self) -> str:
        """The name TLS proves."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Of TCP."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def in_clear(self) -> bool:
        """Whether it is asked for without TLS."""
        return urlsplit(self.url).scheme == "http"

    def config(self) -> dict[str, str]:
        """Spell it for obstore."""
        said = {
            "endpoint": self.url,
            "region": self.region,
            "access_key_id": self.key_id,
            "secret_access_key": self.secret,
        }
        return {**said, "session_token": self.token} if self.token else said


def read_endpoint(variables: Mapping[str, str]) -> Endpoint:
    """Return the endpoint the variables describe; Amazon's own where they name none.

    ``AWS_ENDPOINT_URL_S3`` counts most, for obstore reads it by itself and takes no word against it.
    Without a key, a client would go and ask the cloud's metadata service for one: that is closed.

    Raises:
        ValueError: there is no key, or the endpoint is no URL.
    """
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or "us-east-1"
    if variables.get("AWS_ENDPOINT_URL_S3") == "":
        raise ValueError("AWS_ENDPOINT_URL_S3 is empty: unset it")
    named = (variables.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AWS_ENDPOINT_URL"))
    url = next(filter(None, named), f"https://s3.{region}.amazonaws.com")
    parts = urlsplit(url)
    try:
        is_readable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_readable = False
    if not is_readable or parts.username or parts.query:
        raise ValueError("AWS_ENDPOINT must be https://host or https://host:port")
    key_id, secret = variables.get("AWS_ACCESS_KEY_ID", ""), variables.get("AWS_SECRET_ACCESS_KEY", "")
    if not key_id or not secret:
        raise ValueError("s3:// needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return Endpoint(
        url=url.rstrip("/"),
        region=region,
        key_id=key_id,
        secret=secret,
        token=variables.get("AWS_SESSION_TOKEN", ""),
    )
