"""What the fault tests tried, lost and leaked, as one page of Markdown.

    python -m tests.fault.report JUNIT.xml > REPORT.md

The exit status is 1 when a test failed, or lost something.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

_COLUMNS = ("tried", "lost")
_HEADING = ("| test | outcome | seconds | tried | lost | measured |", "|---|---|---|---|---|---|")


class Report(Protocol):
    """Takes `tried`, how many times something was done to break it; `lost`, how many acknowledged changes
    were not there afterwards, or calls that got no answer of ours; and whatever else was counted or measured.
    """

    def __call__(self, **figures: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    outcome: str
    seconds: float
    figures: dict[str, str]


def cases(path: Path) -> Iterator[Case]:
    for node in ElementTree.parse(path).iter("testcase"):  # noqa: S314  (see above)
        bad = next((kind for kind in ("failure", "error", "skipped") if node.find(kind) is not None), "")
        yield Case(
            f"{node.attrib['classname'].rpartition('.')[2]}: {node.attrib['name']}",
            bad or "passed",
            float(node.attrib["time"]),
            {each.attrib["name"]: each.attrib["value"] for each in node.iter("property")},
        )


def page(found: list[Case]) -> str:
    failed = [case for case in found if case.outcome in ("failure", "error")]
    sums = {column: sum(int(case.figures.get(column, 0)) for case in found) for column in _COLUMNS}
    seconds = sum(case.seconds for case in found)
    told = f"{len(found)} tests in {seconds:,.0f} s, {len(failed)} failed; {sums['tried']:,} tried"
    rows = [_row(case) for case in found if case.figures or case in failed]
    return "\n".join(["# Faults", "", f"{told}, {sums['lost']:,} lost.", "", *_HEADING, *rows, ""])


def lost(found: list[Case]) -> bool:
    """Whether a test failed, or told of a loss."""
    return any(case.outcome in ("failure", "error") or int(case.figures.get("lost", 0)) for case in found)


def _row(case: Case) -> str:
    counted = (f"{int(case.figures[column]):,}" if column in case.figures else "" for column in _COLUMNS)
    others = ", ".join(f"{name} {value}" for name, value in case.figures.items() if name not in _COLUMNS)
    return f"| {case.name} | {case.outcome} | {case.seconds:,.1f} | {' | '.join(counted)} | {others} |"


def main() -> int:
    found = list(cases(Path(sys.argv[1])))
    sys.stdout.write(page(found))
    return int(lost(found))


if __name__ == "__main__":
    sys.exit(main())
