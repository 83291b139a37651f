from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from faults.machine import Machine, state_folder

CONNECTIONS = 1000


@pytest.fixture(scope="session")
def house() -> Iterator[Machine]:
    """A house that is up, with room for a thousand connections: one for all tests that leave it whole."""
    with _roomy() as machine:
        yield machine


@pytest.fixture
def fresh_house() -> Iterator[Machine]:
    """The same for a test that wants its memory as it is at the start, or leaves it otherwise."""
    with _roomy() as machine:
        yield machine


@pytest.fixture
def house_of_two() -> Iterator[Machine]:
    """The same, where two processes take the mail and room is for as many connections at each."""
    with _roomy(workers=2) as machine:
        yield machine


@contextmanager
def _roomy(workers: int = 1) -> Iterator[Machine]:
    with state_folder() as folder:
        machine = Machine(
            folder,
            GATEPOST_SMTP__WORKERS=str(workers),
            GATEPOST_DNS__TIMEOUT_S="0.2",
            GATEPOST_SMTP__CONNECTIONS_MAX=str(workers * CONNECTIONS + 50),
            GATEPOST_SMTP__CONNECTIONS_PER_ADDRESS_MAX=str(workers * CONNECTIONS + 50),
            GATEPOST_SMTP__IN_FLIGHT_MAX=str(workers * CONNECTIONS + 50),
        )
        machine.start()
        try:
            yield machine
        finally:
            machine.stop()
