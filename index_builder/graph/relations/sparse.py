"""SciPy's sparse matrices as our type checker should see them: SciPy ships no types."""

from __future__ import annotations

from typing import Any

from scipy import sparse as _sparse  # type: ignore[import-untyped]  # no stubs among our tools

sparse: Any = _sparse
