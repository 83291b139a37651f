from typing import get_args

import pytest
from msgspec import Struct

from gatepost.arrive import events


@pytest.mark.parametrize("kind", [*get_args(events.Event), events.Nobody, events.Unsettled])
def test_an_event_is_a_frozen_value(kind: type) -> None:
    assert issubclass(kind, Struct)
    assert kind.__struct_config__.frozen
