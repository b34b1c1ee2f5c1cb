"""What is shipped for operators: alert rules and a dashboard."""

from __future__ import annotations

import re

import pytest

from tests.watching import ROOT, Expression, alert_rules, dashboard, expressions

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_alert_is_whole_and_has_a_name_of_its_own() -> None:
    rules = alert_rules()

    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert rule["expr"]
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_the_page_says_of_every_alert_what_it_means_and_what_to_do() -> None:
    rows = re.findall(r"^\| `(Cartograph\w+)` \| (.+?) \| (.+?) \|$", OPERATIONS, re.MULTILINE)

    assert [name for name, _, _ in rows] == [rule["alert"] for rule in alert_rules()]
    assert all(len(meaning) > 20 and len(remedy) > 20 for _, meaning, remedy in rows)


def test_panels_of_the_dashboard_have_titles_and_places_of_their_own() -> None:
    panels = dashboard()["panels"]

    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + column, place["y"] + row)
            for column in range(place["w"])
            for row in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["type"] == "row" or panel["targets"]


@pytest.mark.parametrize("expression", list(expressions()), ids=lambda each: each.where)
def test_brackets_of_every_expression_close(expression: Expression) -> None:
    depth = 0
    for sign in re.sub(r'"[^"]*"', "", expression.text):
        depth += (sign in "([{") - (sign in ")]}")
        assert depth >= 0
    assert depth == 0


def test_labels_and_metrics_are_read_out_of_an_expression() -> None:
    found = Expression("here", 'sum by (le, stage) (rate(cartograph_x_bucket{job="a",code=~"A|B"}[5m])) > up')

    assert (found.metrics, found.labels) == ({"cartograph_x_bucket"}, {"stage", "code"})
