from __future__ import annotations

import io

import pytest

from engine.logs import configure_logs
from tests.quiet_logs import logs_as_they_were

__all__ = ["logs_as_they_were"]


@pytest.fixture
def log() -> io.StringIO:
    """Every line of the log from here on, as JSON."""
    stream = io.StringIO()
    configure_logs("debug", "json", stream)
    return stream
