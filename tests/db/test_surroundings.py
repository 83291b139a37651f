"""PostgreSQL hears what it needs of our environment, and no secret."""

from gatepost.db.surroundings import handed_on


def test_secrets_stay_with_us() -> None:
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "s",
        "GATEPOST_DATABASE__DSN": "postgresql://gatepost:s@db.example/gatepost",
        "PGPASSWORD": "s",
        "OPENAI_API_KEY": "s",
        "MY_LD_KEY": "s",
    }
    assert "s" not in handed_on(secrets).values()
    assert not set(handed_on(secrets)) & set(secrets)


def test_it_hears_of_places_languages_libraries_and_memory() -> None:
    said = {"PATH": "/bin", "TZ": "UTC", "LC_ALL": "C.UTF-8", "LD_PRELOAD": "/opt/x.so", "MALLOC_TOP_PAD_": "7"}
    heard = handed_on(said)
    assert said.items() <= heard.items()
    assert heard["MALLOC_TRIM_THRESHOLD_"] == "16777216"
