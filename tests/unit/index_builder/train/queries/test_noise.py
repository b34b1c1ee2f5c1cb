import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text import normalise, singular
from index_builder.train.queries.noise import CHANGES, NoisePlan, add_noise, changed, plural
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.queries.shop_words import ShopWords
from index_builder.train.queries.typos import typo
from index_builder.train.queries.wording import wording

WORDS = ShopWords(
    counts={"headset": 9, "head": 5, "set": 5, "toner": 9, "tuner": 9, "acme": 9, "key": 2, "board": 2},
    types=frozenset({"headset", "toner", "ink", "cartridge", "battery"}),
    brands=frozenset({"acme", "tripp lite"}),
    chinese={"ink cartridge": "墨盒", "ink": "墨水"},
)
_TEXTS = st.lists(
    st.sampled_from(
        ["acme", "black", "headset", "toner", "ink", "for", "deskjet", "2540", "lc-985bk", '15.6"', "500",
         "gb", "cartridge", "battery", "墨盒", "café", "usb-c", "a", "tripp", "lite"]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)  # fmt: skip
_SEEDS = st.integers(0, 10_000)


def asked(text: str, row: int = 0, weight: float = 1.0) -> TrainingQuery:
    rows = np.array([row])
    return TrainingQuery(text, rows, np.ones(1, np.float32), rows, Origin.GRAPH, weight)


def tried(change: str, text: str) -> set[str]:
    """All that a change makes of a text."""
    made = {CHANGES[change](text, WORDS, np.random.default_rng(seed)) for seed in range(60)}
    return {each for each in made if each is not None}


@given(_TEXTS, _SEEDS)
def test_a_typo_leaves_numbers_codes_and_short_words_alone(text: str, seed: int) -> None:
    slipped = typo(text, WORDS, np.random.default_rng(seed))
    if slipped is None:
        return
    before, after = text.split(" "), slipped.split(" ")
    differing = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
    ((was, now),) = differing
    assert re.fullmatch("[a-z]{4,}", was)
    assert now[0] == was[0]
    assert re.findall(r"\d", slipped) == re.findall(r"\d", text)


def test_a_typo_that_is_another_word_of_the_shop_is_none() -> None:
    assert "tuner" not in tried("typo", "toner")
    assert tried("typo", "toner")


@pytest.mark.parametrize(
    ("change", "text", "made"),
    [
        ("plural", "black headset", {"black headsets"}),
        ("plural", "black headsets", {"black headset"}),
        ("plural", "cartridge for deskjet", {"cartridges for deskjet"}),
        ("plural", "headset black", set()),
        ("order", "black ink", {"ink black"}),
        ("order", "tripp lite toner", {"toner tripp lite"}),
        ("order", "ink cartridge", set()),
        ("order", "black ink for deskjet", set()),
        ("script", "acme ink cartridge", {"acme 墨盒"}),
        ("script", "acme headset", set()),
        ("blank", "black headset", {"black head set"}),
        ("blank", "head set", {"headset"}),
        ("blank", "keyboard", set()),
        ("dropped word", "ink for deskjet 2540", {"ink deskjet 2540"}),
        ("dropped word", "acme 2540 toner", {"2540 toner"}),
        ("dropped word", "acme black toner", set()),
    ],
)
def test_each_change_keeps_what_is_asked_for(change: str, text: str, made: set[str]) -> None:
    assert tried(change, text) == made


@pytest.mark.parametrize("word", ["laptop", "battery", "box", "switch", "key", "glass"])
def test_the_singular_of_a_plural_is_the_word(word: str) -> None:
    assert plural(word) != word
    assert singular(plural(word)) == word


@given(_TEXTS, _SEEDS)
def test_a_changed_text_is_never_empty_and_the_seed_decides(text: str, seed: int) -> None:
    first = changed(text, WORDS, NoisePlan(), np.random.default_rng(seed))
    assert first[1].strip()
    assert first == changed(text, WORDS, NoisePlan(), np.random.default_rng(seed))


@given(st.lists(_TEXTS, unique=True, max_size=8), _SEEDS)
def test_no_two_queries_get_the_same_text(texts: list[str], seed: int) -> None:
    queries = [asked(text, row) for row, text in enumerate(texts)]
    noisy, made = add_noise(queries, WORDS, plan=NoisePlan(probability=1.0), seed=seed)
    assert len({normalise(query.text) for query in noisy}) == len(texts)
    assert sum(made.values()) == sum(
        query.text != noisier.text for query, noisier in zip(queries, noisy, strict=True)
    )


def test_a_text_that_means_something_else_is_not_written() -> None:
    plan = NoisePlan(1.0, {"order": 1.0})
    one, other = add_noise([asked("black ink", 1), asked("ink black", 2)], WORDS, plan=plan, seed=0)[0]
    assert (one.text, other.text) == ("black ink", "ink black")
    (left,) = add_noise([asked("black ink")], WORDS, taken={wording("ink black")}, plan=plan, seed=0)[0]
    assert left.text == "black ink"


def test_a_weighty_query_keeps_its_text_and_gives_one_of_its_weight() -> None:
    plan = NoisePlan(1.0, {"order": 1.0})
    noisy, made = add_noise([asked("black ink", weight=3.0)], WORDS, plan=plan, seed=0)
    assert [(query.text, query.weight) for query in noisy] == [("black ink", 2.0), ("ink black", 1.0)]
    assert made == {"order": 1}


def test_without_probability_nothing_changes() -> None:
    queries = [asked("black ink"), replace(asked("toner"), weight=2.0)]
    assert add_noise(queries, WORDS, plan=NoisePlan(probability=0.0), seed=0) == (queries, {})
