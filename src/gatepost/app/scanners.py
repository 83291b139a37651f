"""The scanners outside the house, from the settings: whom to ask, and where they are."""

from collections.abc import Iterator

from gatepost.app.ways_out import Place, place
from gatepost.egress import Egress, read_url
from gatepost.settings import Settings, SettingsError
from gatepost.verify.scan import Scanner, Watch
from gatepost.verify.scan.client import Clamd, Classifier, Icap
from gatepost.verify.scan.icap import Service

CANARY_MIN_CHARS = 8
_LOCAL = "unix:"


def places_of(settings: Settings) -> Iterator[tuple[Place, str]]:
    """Yield where the scanners are that the network leads to, and the setting that says so.

    Raises:
        SettingsError: one of them cannot be read.
    """
    scan = settings.scan
    if scan.clamd and not scan.clamd.startswith(_LOCAL):
        yield place(scan.clamd, "scan.clamd"), "scan.clamd"
    if scan.icap:
        service = _service(settings)
        yield (service.host, service.port), "scan.icap"
    if scan.classifier:
        try:
            target = read_url(scan.classifier)
        except ValueError as error:
            raise SettingsError(f"scan.classifier: {error}") from error
        yield (target.host, target.port or {"http": 80}.get(target.scheme, 443)), "scan.classifier"


def watch(settings: Settings, egress: Egress) -> Watch:
    """Return the scanners an operator named, and the canaries.

    Raises:
        SettingsError: one of them cannot be used.
    """
    scan = settings.scan
    scanners: list[Scanner] = []
    if scan.clamd.startswith(_LOCAL):
        scanners.append(Clamd(egress, path=scan.clamd.removeprefix(_LOCAL)))
    elif scan.clamd:
        scanners.append(Clamd(egress, *place(scan.clamd, "scan.clamd")))
    if scan.icap:
        scanners.append(Icap(egress, _service(settings)))
    if scan.classifier:
        scanners.append(Classifier(egress, scan.classifier, scan.timeout_s))
    if any(len(canary) < CANARY_MIN_CHARS for canary in scan.canaries):
        raise SettingsError(
            f"scan.canaries: a shorter one than {CANARY_MIN_CHARS} characters stands in honest mail too"
        )
    return Watch(canaries=scan.canaries, scanners=tuple(scanners), timeout_s=scan.timeout_s)


def _service(settings: Settings) -> Service:
    try:
        return Service.parse(settings.scan.icap, settings.scan.icap_method)
    except ValueError as error:
        raise SettingsError(f"scan.icap and scan.icap_method: {error}") from error
