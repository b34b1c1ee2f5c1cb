"""Lets the change log of a data folder forget what its generations hold, and dies in the middle of it.

A line on stdin is `DATA LOG N`, LOG the log's folder. It is killed before the N-th statement that SQLite runs
for it, or at its N-th write of the mark where N is negative. With an N that is never reached it ends with 0,
and says on stdout how many statements it ran.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import engine.backends.change_writer as change_writer
from engine.backends.product_log import ProductLog
from engine.generation import DataFolder
from engine.live.compaction import Compaction
from tests.fault.dying import serve
from tests.fault.dying_change_log import die, tell


def live(data: str, folder: str, number: str) -> None:
    last = int(number)
    change_writer._FORGOTTEN_AT_ONCE = 7  # so that there are many steps to die at
    log = ProductLog(Path(folder))
    writer = log._writer()._writer
    connection, mark = writer._connection, writer._mark
    assert connection is not None
    statements, marks, write = count(), count(1), mark.write

    def statement(_text: str) -> None:
        if next(statements) == last:
            die()

    def marked(extent: object) -> None:
        if next(marks) == -last:
            die()
        write(extent)  # type: ignore[arg-type]  # whatever it is given

    connection.set_trace_callback(statement)
    mark.write = marked  # type: ignore[method-assign]
    compaction = Compaction(DataFolder(Path(data)), log)
    compaction.after_swap()
    compaction._thread.shutdown(wait=True)
    connection.set_trace_callback(None)
    log.close()
    tell(str(next(statements)))


if __name__ == "__main__":
    serve(live)
