"""How much a query may have, and what its caller is told when it wants more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import DeadlineExceededError, QueryLimitError

DEFAULT_SECONDS = 5.0
"""Without a deadline of the caller."""
MAX_SECONDS = 30.0
MIB = 1024 * 1024
MAX_BYTES = 3 * MIB
"""Of an answer's text: with what gRPC adds it stays below the 4 MiB that clients take by default."""


def check(found: Mapping[str, Any], max_rows: int, memory_bytes: int) -> None:
    """Raises QueryLimitError when a child's answer says that it stopped at a limit."""
    limit = found.get("error")
    if limit == "rows":
        raise QueryLimitError(
            limit,
            f"The answer has more than {max_rows} rows; add LIMIT, or ask for more max_rows (10,000 are the "
            "most).",
            max_rows=max_rows,
        )
    if limit == "bytes":
        raise QueryLimitError(
            limit,
            f"The answer has more than {MAX_BYTES // MIB} MiB of text; ask for fewer rows or variables.",
            max_bytes=MAX_BYTES,
        )
    if limit == "memory":
        raise no_memory(memory_bytes)


def no_memory(memory_bytes: int) -> QueryLimitError:
    return QueryLimitError(
        "memory",
        f"The query took more memory than one may ({memory_bytes // MIB} MiB) and was stopped; narrow it.",
        memory_mib=memory_bytes // MIB,
    )


def not_written(seconds: float) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"The live changes were not written into a copy of the graph within {seconds:.3g} s; that goes on: "
        "ask again in a moment.",
        seconds=f"{seconds:.3g}",
    )


def time_up(seconds: float) -> DeadlineExceededError:
    return DeadlineExceededError(
        f"The query did not end within {seconds:.3g} s and was stopped; narrow it, or allow it more time by "
        f"the call's deadline ({MAX_SECONDS:g} s are the most).",
        seconds=f"{seconds:.3g}",
    )
