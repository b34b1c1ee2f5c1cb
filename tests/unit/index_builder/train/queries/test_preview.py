import json
from io import StringIO

import numpy as np
from rich.console import Console

from engine.types import Product, ProductId
from index_builder.train.queries.pairs import collect
from index_builder.train.queries.preview import Preview
from index_builder.train.queries.query import Origin, TrainingQuery
from index_builder.train.queries.source import Source

PRODUCTS = [Product(ProductId(str(row)), f"Product number {row} [red]") for row in range(40)]


def preview(size: int = 5) -> Preview:
    queries = [
        TrainingQuery(
            f"thing {row}",
            np.array([row, row + 1, row + 2]),
            np.array([0, 1, 0.3], np.float32),
            np.array([row + 1]),
            Origin.GRAPH,
            kind="type",
        )
        for row in range(30)
    ]
    source = Source(Origin.GRAPH, queries, {"too long": 7})
    return Preview.of(collect([source], held_out_share=0.0), PRODUCTS, size=size)


def test_examples_show_an_answer_and_the_hardest_negative() -> None:
    (examples,) = preview().examples.values()
    assert len(examples) == 5
    for each in examples:
        row = int(each.query.removeprefix("thing "))
        assert each.answer == PRODUCTS[row + 1].title
        assert (each.hardest_negative, each.negative_grade) == (PRODUCTS[row + 2].title, 0.3)


def test_programs_read_the_same_as_json() -> None:
    data = json.loads(json.dumps(preview().as_dict()))
    assert (data["queries"], data["held_out_queries"], data["pairs"]) == (30, 0, 90)
    assert data["train"] == {"graph": {"type": 30}}
    assert data["dropped"] == {"graph": {"too long": 7}}
    assert len(data["examples"]["graph"]) == 5


def test_people_read_counts_reasons_and_titles() -> None:
    console = Console(width=200, record=True, file=StringIO())
    console.print(preview(size=1).renderable())
    text = console.export_text()
    assert "30 queries to learn from, 90 graded pairs" in text
    assert "left out, graph: 7 (too long)" in text
    assert "[red]" in text


def test_the_seed_decides_what_is_shown() -> None:
    assert preview().examples == preview().examples
