"""What is dear to make is made once, for all processes that run tests side by side."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has made and filled, by whichever process came first. It is to be read only."""
    own = temporary.getbasetemp()
    together = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, made = together / name, together / f"{name}.made"
    with FileLock(together / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            make(folder)
            made.touch()
    return folder
