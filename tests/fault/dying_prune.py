"""Prunes a data folder and dies at the N-th step that removes or flushes something, as in a power cut.

    python -m tests.fault.dying_prune DATA N

With an N that is never reached it prunes and ends with 0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.generation import DataFolder
from index_builder.prune import prune

DIED = 70
STEPS = ("unlink", "rmdir", "fsync")


def main() -> None:
    data, left = DataFolder(Path(sys.argv[1])), int(sys.argv[2])

    def dying(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(DIED)
            return step(*arguments, **options)

        return call

    with data.building():
        for name in STEPS:
            setattr(os, name, dying(getattr(os, name)))
        prune(data, 1)


if __name__ == "__main__":
    main()
