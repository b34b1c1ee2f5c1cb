"""What shoppers find through the knowledge graph and not without it, on the built sample.

Each story is a query for which words and vectors lead astray: to the device instead of what fits it, or to
nothing of the kind. None of them is a past query of the sample, nor a judged one.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.pipeline import Pipeline
from engine.request import RetrievalSpec, SearchRequest, Source
from engine.stages.expand import ExpansionMode, ExpansionSpec
from tests.integration.searching import ids, search


@dataclass(frozen=True, slots=True)
class Story:
    """The first `first` hits are of the products `finds`, and each is explained by `paths`: one for each
    part of the query, without its words.
    """

    name: str
    query: str
    finds: frozenset[str]
    paths: tuple[str, ...]
    first: int


STORIES = (
    Story(
        name="ink by the printer's model",  # No ink names the printer in its title: the printer does.
        query="ink for printnova 4800",
        finds=frozenset({"OFF-0008", "OFF-0009", "OFF-0010", "OFF-0011", "OFF-0012"}),
        paths=(
            "type ink cartridge <- product",
            "fits PrintNova 4800 <- product",
        ),
        first=2,
    ),
    Story(
        name="the battery of a toy car",  # Its title is "ZB-7 Spare Battery 7.4 V".
        query="dune racer battery",
        finds=frozenset({"TOY-0023"}),
        paths=(
            "fits Zipsprocket Dune Racer <- product",
            "type battery <- product",
        ),
        first=1,
    ),
    Story(
        name="another word for it",  # The taxonomy says that settees are sofas; no product says settee.
        query="settee",
        finds=frozenset({"HOM-0001", "HOM-0002", "HOM-0003", "HOM-0026"}),
        paths=("type sofa <- product",),
        first=3,
    ),
    Story(
        name="Chinese for what is described in English",  # Pushchair; a bottle is for a baby (婴儿), too.
        query="婴儿车",
        finds=frozenset({"TOY-0001", "TOY-0002", "TOY-0003"}),
        paths=("type pushchair <- product",),
        first=3,
    ),
    Story(
        name="a colour by a broader one",  # Trainers in olive: the taxonomy says that olive is a green.
        query="green shoes",
        finds=frozenset({"CLO-0005"}),
        paths=("color green <- product", "category Shoes <- product"),
        first=1,
    ),
)

stories = pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])


@stories
def test_the_graph_finds_it_and_explains_it_by_the_way_there(sample_pipeline: Pipeline, story: Story) -> None:
    result = search(sample_pipeline, SearchRequest(story.query, explain=True))

    found = result.hits[: story.first]
    assert {hit.product.id for hit in found} <= story.finds, ids(result)[:5]
    for hit in found:
        assert hit.explanation is not None
        ways = tuple(path.partition('" -> ')[2] for path in hit.explanation.graph_paths)
        assert ways == story.paths


@stories
def test_without_the_graph_something_else_comes_first(sample_pipeline: Pipeline, story: Story) -> None:
    request = SearchRequest(
        story.query,
        expansion=ExpansionSpec(mode=ExpansionMode.DISABLED),
        retrieval=RetrievalSpec(disabled=frozenset({Source.GRAPH})),
        explain=True,
    )

    result = search(sample_pipeline, request)

    assert ids(result)[0] not in story.finds
    assert not any(hit.explanation and hit.explanation.graph_paths for hit in result.hits)
