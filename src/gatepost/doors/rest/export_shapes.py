"""The wire's JSON for the record's export."""

from typing import Annotated

from pydantic import Field, StringConstraints

from gatepost.doors.rest.shapes import Shape, Text, Utc
from gatepost.upkeep.siem import Format, Kind

Word = Annotated[Text, StringConstraints(max_length=200)]


class NewExport(Shape):
    """A destination to export the record to. URL, credential and authorities are sealed; the last two never return."""

    kind: Kind
    url: Annotated[Text, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="Of the receiver; a site such as datadoghq.eu for Datadog; tls://host:6514 for syslog.",
        examples=["https://splunk.example:8088"],
    )
    format: Format = Format.NATIVE
    credential: Annotated[Text, StringConstraints(max_length=4096)] = Field(
        default="", description="Splunk's token; Datadog's key; Elastic's id:key; OTLP's value of Authorization."
    )
    ca: Annotated[Text, StringConstraints(max_length=65536)] = Field(
        default="", description="PEM of the authorities its certificate is checked with; the well-known ones if empty."
    )
    index: Word = Field(default="", description="Splunk's index, or Elastic's data stream.")
    region: Word = Field(default="", description="Where the data go, as you declare it.")
    is_personal: bool = Field(default=False, description="Export senders and recipients, not only commitments to them.")
    wants_ack: bool = Field(default=False, description="Splunk: an event counts as exported when it is indexed.")
    starts_at_end: bool = Field(default=False, description="Leave out what the log holds already.")


class LetterShown(Shape):
    """An entry a destination would not take."""

    leaf_index: int
    reason: str
    at: Utc


class ExportShown(Shape):
    """A destination and how far it is."""

    id: str
    kind: Kind
    url: str
    format: Format
    index: str
    region: str
    is_personal: bool
    wants_ack: bool
    created_at: Utc
    exported_through: int | None = Field(description="Every entry through this index was taken or is a dead letter.")
    exported_at: Utc | None = Field(description="When that was so.")
    lag: int = Field(description="Published entries still to go.")
    is_stopped: bool
    reason: str = Field(description="Why it stopped, or why the last attempt failed.")
    alert: str = Field(description="What was taken although something is wrong there.")
    failures: int
    rejected: int = Field(description="Entries refused by a receiver that does not say which.")
    dead_letters: int
    assurance: str = Field(description="What 'exported' means with this kind of receiver.")


class ExportDetail(ExportShown):
    """The same with what the destination would not take, the first thousand."""

    letters: list[LetterShown]


class ExportList(Shape):
    """All destinations, oldest first."""

    items: list[ExportShown]


class ReplayWanted(Shape):
    """What to send again: dead letters, and everything from an index on."""

    from_index: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


class ReplayPromised(Shape):
    """It will be sent again."""

    letters: int


class ResumeWanted(Shape):
    """Whether to go on past what is refused."""

    past_refused: bool = Field(
        default=False,
        description="Of the entries that the log has now, let as many be dead letters as the destination refuses.",
    )


class TestResult(Shape):
    """What became of the newest entry, sent once more."""

    is_taken: bool
    reason: str
