"""The page of the long forms says what was tried, lost and measured, and whether that is well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.report import cases, lost, page

XML = """<testsuites><testsuite name="pytest">
<testcase classname="tests.fault.test_kills" name="test_kills" time="60.5">
<properties>
<property name="tried" value="1000"/><property name="lost" value="{lost}"/><property name="mib" value="3.5"/>
</properties>{end}
</testcase>
<testcase classname="tests.fault.test_page" name="test_page" time="0.5"/>
</testsuite></testsuites>"""


def read(path: Path, *, found_lost: int = 0, end: str = "") -> tuple[str, bool]:
    path.write_text(XML.format(lost=found_lost, end=end))
    found = list(cases(path))
    return page(found), lost(found)


def test_a_page_has_the_sums_and_a_row_for_each_test_that_told_something(tmp_path: Path) -> None:
    told, bad = read(tmp_path / "faults.xml")

    assert "2 tests in 61 s, 0 failed; 1,000 tried, 0 lost." in told
    assert "| test_kills: test_kills | passed | 60.5 | 1,000 | 0 | mib 3.5 |" in told
    assert "test_page" not in told
    assert not bad


@pytest.mark.parametrize(("found_lost", "end"), [(1, ""), (0, "<failure/>"), (0, "<error/>")])
def test_a_loss_or_a_failure_makes_the_status_1(tmp_path: Path, found_lost: int, end: str) -> None:
    told, bad = read(tmp_path / "faults.xml", found_lost=found_lost, end=end)

    assert bad
    assert ("1 failed" in told) == bool(end)
