"""Publishes a sealed work folder and dies at the N-th step that touches the disk, as in a power cut.

    python -m tests.fault.dying_publish WORK DATA N

A step is a rename, a replacing rename or an fsync; the process ends just before it, with status 70. With an N
that is never reached it publishes and ends with 0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from index_builder.publish import publish

DIED = 70
STEPS = ("rename", "replace", "fsync")


def main() -> None:
    work, data, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    left = last

    def dying(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(DIED)
            return step(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))
    publish(work, data, activate=True)


if __name__ == "__main__":
    main()
