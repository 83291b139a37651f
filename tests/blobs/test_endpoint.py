import pytest

from gatepost.blobs import read_endpoint

KEY = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ("s3.us-east-1.amazonaws.com", 443, False)),
        ({"AWS_REGION": "eu-west-1"}, ("s3.eu-west-1.amazonaws.com", 443, False)),
        ({"AWS_ENDPOINT": "https://minio.example:9000/"}, ("minio.example", 9000, False)),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}, ("127.0.0.1", 9000, True)),
        ({"AWS_ENDPOINT": "https://[::1]"}, ("::1", 443, False)),
        ({"AWS_ENDPOINT": "https://a.example", "AWS_ENDPOINT_URL_S3": "https://b.example"}, ("b.example", 443, False)),
    ],
)
def test_where_a_bucket_is_follows_from_the_variables(
    variables: dict[str, str], expected: tuple[str, int, bool]
) -> None:
    found = read_endpoint(KEY | variables)
    assert (found.host, found.port, found.in_clear) == expected
    assert found.config()["endpoint"].startswith("http")


def test_a_session_is_handed_on_where_there_is_one() -> None:
    assert "session_token" not in read_endpoint(KEY).config()
    assert read_endpoint(KEY | {"AWS_SESSION_TOKEN": "t"}).config()["session_token"] == "t"


def test_secrets_are_not_shown() -> None:
    shown = repr(read_endpoint(KEY | {"AWS_SESSION_TOKEN": "tokentoken"}))
    assert "secret" not in shown.replace("secret=", "")
    assert "tokentoken" not in shown


@pytest.mark.parametrize(
    "endpoint", ["minio:9000", "ftp://a", "https://", "https://u:p@a", "https://a:99999", "https://a?x=1"]
)
def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="AWS_ENDPOINT"):
        read_endpoint(KEY | {"AWS_ENDPOINT": endpoint})


def test_an_endpoint_that_obstore_would_read_as_none_is_refused() -> None:
    with pytest.raises(ValueError, match="unset it"):
        read_endpoint(KEY | {"AWS_ENDPOINT_URL_S3": ""})


def test_without_a_key_no_cloud_is_asked_for_one() -> None:
    with pytest.raises(ValueError, match="AWS_ACCESS_KEY_ID"):
        read_endpoint({"AWS_REGION": "eu-west-1"})
