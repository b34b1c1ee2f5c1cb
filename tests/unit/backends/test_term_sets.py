from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backends.term_sets import STOPS_FILE, TERMS_FILE, TermSets
from engine.errors import DamagedGenerationError

WORDS = st.lists(st.sampled_from(["black", "ink", "pen", "黑色", "hose"]), max_size=6)


def test_which_words_a_product_holds() -> None:
    sets = TermSets.of([["black", "ink", "black"], [], ["pen"]])

    assert sets.holds(["black", "pen"], np.array([2, 0, 1])).tolist() == [
        [False, True, False],
        [True, False, False],
    ]


def test_no_words_and_no_rows_are_no_error() -> None:
    sets = TermSets.of([["ink"]])

    assert sets.holds([], np.array([0])).shape == (0, 1)
    assert sets.holds(["ink"], np.array([], np.int64)).shape == (1, 0)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_it_agrees_with_plain_sets(rows: list[list[str]], query: list[str]) -> None:
    order = np.arange(len(rows))[::-1].copy()

    holds = TermSets.of(rows).holds(query, order)

    assert holds.tolist() == [[word in rows[row] for row in order] for word in query]


def test_it_survives_the_disk_and_names_what_is_damaged(tmp_path: Path) -> None:
    TermSets.of([["black", "ink"], ["pen"]]).save(tmp_path)
    assert TermSets.open(tmp_path).holds(["ink"], np.array([0, 1])).tolist() == [[True, False]]

    (tmp_path / TERMS_FILE).write_bytes((tmp_path / TERMS_FILE).read_bytes()[:-4])
    with pytest.raises(DamagedGenerationError, match=TERMS_FILE):
        TermSets.open(tmp_path)
    (tmp_path / STOPS_FILE).unlink()
    with pytest.raises(DamagedGenerationError, match=TERMS_FILE + "|" + STOPS_FILE):
        TermSets.open(tmp_path)
