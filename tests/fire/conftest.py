"""Chaos, overload, fairness and all that may happen: on virtual time, judged by counting."""

from typing import Any

import pytest

from tests.virtual import ON_VIRTUAL_TIME


@pytest.fixture
def anyio_backend() -> Any:
    return ON_VIRTUAL_TIME
