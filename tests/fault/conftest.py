from __future__ import annotations

import pytest

from tests.fault.report import Report


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Takes figures of what a test tried and what came of it, for JUnit's XML and so for the report."""

    def tell(**figures: float) -> None:
        request.node.user_properties.extend(figures.items())

    return tell
