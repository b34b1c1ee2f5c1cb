"""FAISS as our type checker should see it: the stubs it ships miss members and keywords that it has."""

from __future__ import annotations

from typing import Any

import faiss as _faiss

faiss: Any = _faiss
