"""What tracing costs those who do not trace: nothing, not even an import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.commands.tracing import open_tracer
from engine.config import ServeSettings
from engine.errors import ConfigError

OFF = """
import sys
from engine import bootstrap
from engine.commands import serve, serve_many, serve_one
from engine.commands.tracing import open_tracer
from engine.config import ServeSettings
with open_tracer(ServeSettings(data=".")) as tracer:
    assert tracer is None
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""


def test_without_an_endpoint_nothing_of_opentelemetry_is_imported() -> None:
    subprocess.run([sys.executable, "-c", OFF], check=True, cwd=Path(__file__).parents[3])


def test_missing_packages_are_one_sentence_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)  # as Python treats a package that is not there
    for name in [name for name in sys.modules if name.startswith(("opentelemetry.", "engine.telemetry"))]:
        monkeypatch.delitem(sys.modules, name)
    settings = ServeSettings(data=Path("shop"), otlp_endpoint="http://localhost:4317")

    with pytest.raises(ConfigError, match=r"pip install 'cartograph-search\[otel\]'"), open_tracer(settings):
        pytest.fail("it was opened")
