"""Tokens as the API tells them: reserved, reported, taken."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gatepost.doors.rest.shapes import Shape, Utc


class NewReservation(Shape):
    """Tokens to set aside before a model is called."""

    tokens: int = Field(ge=1, le=1_000_000_000, strict=True, description="The most the call may use, in and out.")


class ReservationMade(Shape):
    """Tokens set aside: they count until the usage is reported under this id, or until they lapse."""

    reservation_id: str
    tokens: int
    expires_at: Utc
    left: int | None = Field(description="What the tightest budget has beyond them; null where there is no limit.")


class NewUsage(Shape):
    """What an agent spent on a message."""

    tokens: int = Field(ge=0, le=1_000_000_000, strict=True)
    reservation_id: Annotated[str, StringConstraints(pattern=r"^rs_[a-z2-7]{1,40}$")] | None = Field(
        default=None, description="Set aside before; reporting it again changes nothing."
    )
    tools: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/-]{1,48}$")]] = Field(
        default=[], max_length=24, examples=[["calendar.read"]]
    )


class UsageTaken(Shape):
    """It is counted and recorded."""

    success: Literal[True] = True
    entry_id: int
    is_counted: bool = Field(default=True, description="False where the house has counted this message's itself.")
