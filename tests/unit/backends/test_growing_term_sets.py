"""Term sets that grow say what term sets made at once say, and what was handed out stays as it was."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.growing_term_sets import GrowingTermSets, LayeredTermSets
from engine.backends.term_sets import TermSets

WORDS = st.lists(st.sampled_from(["black", "ink", "pen", "黑色", "hose"]), max_size=6)
ROWS = st.lists(WORDS, min_size=1, max_size=12)


@given(ROWS, WORDS, st.data())
def test_base_and_live_rows_together_say_what_one_set_of_all_rows_says(
    rows: list[list[str]], query: list[str], data: st.DataObject
) -> None:
    base = data.draw(st.integers(0, len(rows)))
    asked = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=20)), np.int64)
    live = GrowingTermSets()
    live.extend(rows[base:])

    layered = LayeredTermSets(TermSets.of(rows[:base]), base, live.view())

    assert layered.holds(query, asked).tolist() == TermSets.of(rows).holds(query, asked).tolist()


def test_a_view_does_not_change_while_its_arrays_fill_up_and_are_replaced_by_larger_ones() -> None:
    live = GrowingTermSets()
    views = []
    for row in range(2_000):  # the first arrays hold 64 rows and 4,096 terms
        live.extend([[f"word{row}", "all", f"other{row}", f"third{row}"]])
        views.append(live.view())

    for count, view in enumerate(views, 1):
        last = np.array([count - 1])
        assert view.holds([f"word{count - 1}", f"word{count}", "all"], last).tolist() == [
            [True],
            [False],
            [True],
        ]
    everywhere = np.arange(2_000)
    assert views[-1].holds(["all", "word7"], everywhere).sum(axis=1).tolist() == [2_000, 1]
