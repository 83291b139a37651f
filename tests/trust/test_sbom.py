import json
from importlib.metadata import version

from cyclonedx.schema import SchemaVersion

from gatepost.trust.sbom import bill, installed
from outbound import NOW


def test_it_lists_what_this_process_imports_by_the_versions_that_run() -> None:
    found = bill(installed(), "0.1.0", NOW)
    parts = {each["name"]: each["version"] for each in found["components"]}
    assert parts["cryptography"] == version("cryptography")
    assert "gatepost" not in parts
    assert found["metadata"]["component"]["version"] == "0.1.0"
    refs = [each["bom-ref"] for each in found["components"]]
    assert len(refs) == len(set(refs))
    assert json.loads(json.dumps(found)) == found


def test_the_same_build_has_the_same_serial_number_and_another_has_another() -> None:
    parts = installed()
    one, same, other = bill(parts, "0.1.0", NOW), bill(parts, "0.1.0", NOW), bill(parts[1:], "0.1.0", NOW)
    assert one["serialNumber"] == same["serialNumber"] != other["serialNumber"]


def test_a_validator_of_others_finds_nothing_wrong() -> None:
    """The schema of CycloneDX 1.6, strictly: nothing that it does not know."""
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415  # it compiles grammars for a second

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    found = bill(installed(), "0.1.0", NOW)
    assert validator.validate_str(json.dumps(found)) is None
    found["components"][0]["type"] = "mail"
    assert validator.validate_str(json.dumps(found)) is not None
