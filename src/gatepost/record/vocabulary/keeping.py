"""What is told of the record itself and its keys: kept, let go, recovered, exported. Pure."""

from typing import Any, ClassVar

from msgspec import UNSET, UnsetType, field

from gatepost.record.paper import Kind
from gatepost.record.vocabulary.said import Act, Private, Said


class PersonErased(Said, frozen=True, kw_only=True, tag="person.erased"):
    """What these entries opened about somebody was erased; their leaves and proofs stay."""

    kind: ClassVar[Kind] = Kind.ERASURE

    rule: str
    entries: list[Any] | UnsetType = UNSET
    reason: Private[str] | UnsetType = UNSET


class RecordExpired(PersonErased, frozen=True, kw_only=True, tag="record.expired"):
    """What these entries opened was kept as long as plan or policy say, and is erased."""

    through: int | UnsetType = UNSET
    days: int | UnsetType = UNSET
    accounts: list[int] | UnsetType = UNSET


class KeysExpired(PersonErased, frozen=True, kw_only=True, tag="keys.expired"):
    """The keys of these months were destroyed: nothing they sealed opens any more."""

    months: list[str]
    days: int


class KeysRotate(Act, frozen=True, kw_only=True, tag="keys.rotate"):
    """A new master key is put in force. Where the same number comes again, the one before did not come to be."""


class KeysAccept(Act, frozen=True, kw_only=True, tag="keys.accept"):
    """An older copy of the key store is used from here on: what at least so many lost keys sealed opens no more."""

    lost: int


class ExportAdd(Act, frozen=True, kw_only=True, tag="export.add"):
    """The record is sent on to another destination."""

    spelled: str | UnsetType = field(default=UNSET, name="format")
    receiver: str | UnsetType = field(default=UNSET, name="kind")
    personal: int = 0
    ack: int = 0
    region: str = ""


class ExportChange(ExportAdd, frozen=True, kw_only=True, tag="export.change"):
    """A destination has another place, credential or format."""


class ExportRemove(Act, frozen=True, kw_only=True, tag="export.remove"):
    """A destination gets nothing more."""


class ExportReplay(Act, frozen=True, kw_only=True, tag="export.replay"):
    """Entries are sent to a destination once more."""

    letters: int
    from_index: int | None = None


class ExportResume(Act, frozen=True, kw_only=True, tag="export.resume"):
    """A stopped destination goes on; whatever it refuses below `past_refused`, it is not stopped for it again."""

    past_refused: int | None = None


class ExportTest(Act, frozen=True, kw_only=True, tag="export.test"):
    """The newest entry was sent to a destination to see whether it is taken."""

    reason: str


class ExportStopped(Act, frozen=True, kw_only=True, tag="export.stopped"):
    """A destination is sent nothing more until a person acts: it, or the way there, refuses for good."""

    reason: str


class RecordExport(Act, frozen=True, kw_only=True, tag="record.export"):
    """Somebody took entries of the record out of the house: in which form, and which ones."""

    form: str
    filters: list[str]
    asked: Private[dict[str, Any]] | UnsetType = UNSET


class LogRecover(Act, frozen=True, kw_only=True, tag="log.recover"):
    """Entries came back from the second store, after a restore to an older point; others had to be renumbered.

    `settled`: so many things that they say were done, and that the tables had yet to do, are not done again.
    """

    entries: int
    renumbered: int
    settled: int = 0
