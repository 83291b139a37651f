from pathlib import Path

import pytest

from gatepost.settings.process import amazon, credential_files
from gatepost.settings.reading import SettingsError, load
from gatepost.settings.reference import reference
from gatepost.settings.sections import Settings


def test_without_anything_the_defaults_stand() -> None:
    found = load({})
    assert found == Settings()
    assert (found.smtp.port, found.http.port, found.state) == (2525, 8080, Path("state"))


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_text('hostname = "mx.example"\n[smtp]\nport = 25\nhost = "::1"\n[dns]\nservers = ["9.9.9.9:53"]\n')
    found = load({"GATEPOST_SMTP__PORT": "0", "GATEPOST_DNS__SERVERS": "127.0.0.1:5353, 127.0.0.2:5353"}, file)
    assert (found.hostname, found.smtp.host, found.smtp.port) == ("mx.example", "::1", 0)
    assert found.dns.servers == ("127.0.0.1:5353", "127.0.0.2:5353")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("GATEPOST_SMTP__PROT", "smtp.port"),
        ("GATEPOST_SMPT__PORT", "smtp"),
        ("GATEPOST_STAET", "state"),
        ("GATEPOST_DELIVERY__NEXTHOP", "delivery.next_hop"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=f"did you mean {nearest}"):
        load({name: "1"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GATEPOST_SMTP__PORT", "many"),
        ("GATEPOST_SMTP__PORT", "70000"),
        ("GATEPOST_SMTP__PORT", "-1"),
        ("GATEPOST_DNS__TIMEOUT_S", "soon"),
        ("GATEPOST_DNS__TIMEOUT_S", "nan"),
        ("GATEPOST_STOP_DELAY_S", "inf"),
        ("GATEPOST_DATABASE__CONNECTIONS", "0"),
        ("GATEPOST_SMTP__CONNECTIONS_MAX", "0"),
        ("GATEPOST_SCAN__TIMEOUT_S", "0.0"),
        ("GATEPOST_EGRESS__DESTINATIONS", "webhook"),
        ("GATEPOST_SMTP", "2525"),
        ("GATEPOST_STATE__DEEP", "x"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError):
        load({name: text})


@pytest.mark.parametrize("text", ["2525.7", "inf", "nan", "true"])
def test_a_whole_number_of_a_file_is_not_cut_out_of_another(tmp_path: Path, text: str) -> None:
    file = tmp_path / "house.toml"
    file.write_text(f"[smtp]\nport = {text}\n")
    with pytest.raises(SettingsError, match=r"smtp\.port must be a whole number"):
        load({}, file)


def test_a_whole_number_of_a_file_may_have_a_power_of_ten(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text("[smtp]\nsize_max_octets = 5e7\n")
    assert load({}, file).smtp.size_max_octets == 50_000_000


@pytest.mark.parametrize("name", ["smtp.size_max_octets", "dns.timeout_s"])
def test_a_number_beyond_all_bounds_is_out_of_range(tmp_path: Path, name: str) -> None:
    file = tmp_path / "house.toml"
    file.write_text(f"{name} = 1{'0' * 400}\n")
    with pytest.raises(SettingsError, match="out of range"):
        load({}, file)


def test_nought_stands_where_it_means_something() -> None:
    zeros = {
        "GATEPOST_SMTP__PORT": "0",
        "GATEPOST_SMTP__DISK_FREE_MIN_OCTETS": "0",
        "GATEPOST_RETENTION__FREE_DAYS": "0",
        "GATEPOST_STOP_DELAY_S": "0",
    }
    settings = load(zeros)
    assert settings.smtp.port == settings.smtp.disk_free_min_octets == 0
    assert settings.retention.free_days == settings.stop_delay_s == 0


def test_nobody_may_receive_mail_with_no_process() -> None:
    with pytest.raises(SettingsError, match=r"smtp\.workers must be more than 0"):
        load({"GATEPOST_SMTP__WORKERS": "0"})


def test_a_broken_or_missing_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("port = = 1")
    with pytest.raises(SettingsError, match=r"broken\.toml"):
        load({}, broken)
    with pytest.raises(SettingsError, match=r"absent\.toml"):
        load({}, tmp_path / "absent.toml")


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5_000, "\xff"])
def test_garbage_of_any_kind_is_no_toml(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"gatepost\.toml is not valid TOML"):
        load({}, file)


@pytest.mark.parametrize(
    "text", ['[smtp]\ncertificate = "a\\u0000"', '[dns]\nservers = ["a\\u0000"]', 'state = "\\u0000"']
)
def test_no_text_has_a_nul_in_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match="NUL"):
        load({}, file)


def test_a_list_of_tables_is_read_key_by_key(tmp_path: Path) -> None:
    file = tmp_path / "gatepost.toml"
    file.write_text('[[egress.destinations]]\npurpose = "webhook"\nto = "a.example:443"\nnetworks = ["10.0.0.0/8"]\n')
    [found] = load({}, file).egress.destinations
    assert (found.purpose, found.to, found.networks, found.in_clear) == (
        "webhook",
        "a.example:443",
        ("10.0.0.0/8",),
        False,
    )
    file.write_text('[[egress.destinations]]\nprupose = "webhook"\n')
    with pytest.raises(SettingsError, match=r"egress\.destinations\.prupose"):
        load({}, file)
    file.write_text('[egress]\ndestinations = ["webhook"]\n')
    with pytest.raises(SettingsError, match="list of tables"):
        load({}, file)


def test_the_variables_of_amazon_are_read_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert amazon()["AWS_REGION"] == "eu-west-1"
    assert not [name for name in amazon() if not name.startswith("AWS_")]


def test_files_with_passwords_are_known_by_the_names_their_readers_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GATEPOST_CONFIG", str(tmp_path / "gatepost.toml"))
    assert set(credential_files()) >= {tmp_path / "gatepost.toml", tmp_path / ".pgpass"}


def test_other_programs_names_are_left_alone() -> None:
    assert load({"PATH": "/bin", "GATEPOSTAL": "x"}) == load({})


def test_the_reference_page_lists_exactly_the_settings() -> None:
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text()
    assert page == reference()
