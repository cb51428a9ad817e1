"""The gateway's tests run on virtual time, against a hostile upstream in memory."""

from typing import Any

import pytest

from tests.virtual import ON_VIRTUAL_TIME


@pytest.fixture
def anyio_backend() -> Any:
    return ON_VIRTUAL_TIME
