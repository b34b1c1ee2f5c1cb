from __future__ import annotations

import json
from pathlib import Path

from benchmarks.report import newest, page
from benchmarks.targets import measured

ROWS = [
    {"deadline_ms": 5, "callers": callers, "answered": 0.5, "whole": 0.1, "overrun_p99_ms": late}
    for callers, late in ((1, 0.5), (16, 7.0))
]


def write(folder: Path, name: str, **content: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"rows": ROWS, **content}), encoding="utf-8")


def test_the_newest_result_of_the_first_name_that_has_one_counts(tmp_path: Path) -> None:
    write(tmp_path, "deadlines-bench-2026-01-01", day=1)
    write(tmp_path, "deadlines-bench-2026-01-02", day=2)
    write(tmp_path, "deadlines-other-2026-01-03", day=3)

    file, result = newest(tmp_path, ["none", "bench", "other"])["deadlines"]

    assert (file, result["day"]) == ("deadlines-bench-2026-01-02.json", 2)


def test_the_page_tells_each_target_and_where_a_picture_comes_from(tmp_path: Path) -> None:
    write(tmp_path, "deadlines-bench-2026-01-02", machine={"processor": "<none>", "cores": 2})
    found = newest(tmp_path, ["bench"])

    html = page(found, measured({kind: result for kind, (_, result) in found.items()}))

    assert "<td>7 ms<td class=missed>missed" in html
    assert "<td>not measured<td class=open>" in html
    assert "deadlines-bench-2026-01-02.json: processor &lt;none&gt;, cores 2" in html
    assert html.count("<svg") == 1


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, "deadlines-bench-2026-01-02")
    found = newest(tmp_path, ["bench"])

    assert page(found, []) == page(found, [])
