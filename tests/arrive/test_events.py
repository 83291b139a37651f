from typing import get_args

import pytest

from gatepost.arrive import events


@pytest.mark.parametrize("kind", [*get_args(events.Event), events.Nobody, events.Unsettled])
def test_an_event_is_a_frozen_value(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # every dataclass has them
    assert "__slots__" in vars(kind)
