"""No model is measured with what it learned from, in whatever spelling, unless that is what is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.backends.relation_weights import RelationWeights
from engine.errors import DamagedGenerationError
from engine.files import sha256_of
from index_builder.config import BuildSettings
from index_builder.judgements import Judgements
from index_builder.train.cards.model_card import CARD, UNKNOWN, CardKind, CardSource, DataFile, ModelCard
from index_builder.train.cards.query_hashes import query_hashes
from index_builder.train.queries.query import Origin
from index_builder.unseen import (
    RELATION_WEIGHTS,
    Learner,
    SeenQueriesError,
    check_build,
    check_unseen,
    learners_in,
    learners_of,
    seen_by,
    seen_queries,
)

EVALUATION = ["black ink", "red pens", "蓝色 墨盒"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Judged queries q0, q1, q2 and their judgements."""
    queries, qrels = tmp_path / "queries.tsv", tmp_path / "qrels.tsv"
    queries.write_text("".join(f"q{place}\t{text}\n" for place, text in enumerate(EVALUATION)))
    qrels.write_text("".join(f"q{place}\tp\t1\n" for place in range(len(EVALUATION))))
    return queries, qrels


def card(
    texts: Sequence[str] = (),
    held_out: Sequence[str] = (),
    *,
    kind: CardKind = CardKind.ENCODER,
    files: Sequence[Path] = (),
) -> ModelCard:
    source = CardSource(
        Origin.JUDGEMENTS,
        len(texts),
        len(held_out),
        tuple(DataFile(path.name, sha256_of(path)) for path in files),
        query_hashes(texts),
        query_hashes(held_out),
    )
    return ModelCard(kind, "tiny-bert", UNKNOWN, (source,))


def refusal(cards: Sequence[ModelCard], files: tuple[Path, Path]) -> str:
    with pytest.raises(SeenQueriesError) as raised:
        check_unseen([Learner.of_card(each) for each in cards], Judgements.read(*files), *files)
    return raised.value.message


@pytest.mark.parametrize("spelling", ["black ink", "Black  INKS", "ink, black", "ＢＬＡＣＫ ink", "蓝色墨盒"])
def test_a_query_is_found_out_in_any_spelling(spelling: str, files: tuple[Path, Path]) -> None:
    told = refusal([card([spelling])], files)

    assert told.startswith(f"Of the 3 queries of {files[0]}, the encoder learned from 1: ")
    assert told.endswith("or all the same with --in-sample.")


def test_a_query_that_only_chose_the_best_weights_counts(files: tuple[Path, Path]) -> None:
    assert "the encoder learned from 1" in refusal([card(held_out=["red pen"])], files)


@pytest.mark.parametrize("other", ["black ink 302", "ink", "blue pen", "红色 墨盒", "red pen case"])
def test_another_query_is_no_false_alarm(other: str, files: tuple[Path, Path]) -> None:
    learner = Learner.of_card(card([other]))

    check_unseen([learner], Judgements.read(*files), *files)

    assert seen_queries([learner], Judgements.read(*files)) == {}


def test_other_queries_of_the_same_judgements_may_measure(files: tuple[Path, Path]) -> None:
    """Folds share a file of judgements; what counts are the queries."""
    learner = Learner.of_card(card(["green stapler"], files=[files[1]]))

    check_unseen([learner], Judgements.read(*files), *files)


def test_each_model_is_named_with_its_number_and_the_very_file(files: tuple[Path, Path]) -> None:
    told = refusal(
        [
            card(["black ink", "green stapler"], ["red pens"], files=[files[1]]),
            card(["black ink"], kind=CardKind.RERANKER),
            card(["green stapler"], kind=CardKind.FUSION),
        ],
        files,
    )

    assert (
        "the encoder learned from 2 and the reranker learned from 1, and from the very file qrels.tsv:"
        in told
    )
    assert "fusion" not in told


def test_a_model_that_learned_through_a_teacher_is_found_out(files: tuple[Path, Path]) -> None:
    through = CardSource(Origin.EVENTS, 1, query_hashes=query_hashes(["black ink"]), through="teacher")

    assert "learned from 1" in refusal([ModelCard(CardKind.ENCODER, "", UNKNOWN, (through,))], files)


def test_models_of_a_generation_and_its_graph_are_asked(tmp_path: Path, files: tuple[Path, Path]) -> None:
    for kind in (CardKind.ENCODER, CardKind.FUSION):
        (tmp_path / kind).mkdir()
        card(["black ink"], kind=kind).write(tmp_path / kind)
    (tmp_path / "reranker").mkdir()  # one that the build made: it has no card
    (tmp_path / "graph").mkdir()
    RelationWeights("judgements", 1, {}, query_hashes(["red pen"])).write(tmp_path / "graph")

    learners = learners_in(tmp_path)

    assert [learner.name for learner in learners] == ["encoder", "fusion", RELATION_WEIGHTS]
    assert seen_queries(learners, Judgements.read(*files)) == {
        "encoder": 1,
        "fusion": 1,
        RELATION_WEIGHTS: 1,
    }


def test_weights_of_relations_from_composed_queries_saw_nobody(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    (tmp_path / "graph").mkdir()
    RelationWeights("composed queries", 2_000, {}).write(tmp_path / "graph")

    check_unseen(learners_in(tmp_path), Judgements.read(*files), *files)


def test_folders_for_a_build_may_be_missing_or_have_no_card(tmp_path: Path) -> None:
    card(["black ink"]).write(tmp_path)

    assert [each.name for each in learners_of([tmp_path, None, tmp_path / "none"])] == ["encoder"]


def test_judgements_that_are_going_to_teach_are_asked_too(files: tuple[Path, Path]) -> None:
    judgements = Judgements.read(*files)
    learner = Learner.of_judgements(RELATION_WEIGHTS, judgements)

    with pytest.raises(SeenQueriesError, match="the weights of the graph's relations learned from 3"):
        check_unseen([learner], judgements, *files)


def settings(files: tuple[Path, Path], **given: Any) -> BuildSettings:
    queries, qrels = files
    return BuildSettings(
        catalog=(Path("none.jsonl"),), out=Path("out"), judged_queries=queries, qrels=qrels, **given
    )


def test_a_build_is_refused_before_it_begins(tmp_path: Path, files: tuple[Path, Path]) -> None:
    card(["Black Inks"]).write(tmp_path)
    judgements, other = Judgements.read(*files), Judgements({"t": "red pens!"}, {"t": {"p": 1.0}})

    for given, training in ({"encoder": tmp_path}, None), ({"fusion": tmp_path}, None), ({}, other):
        with pytest.raises(SeenQueriesError):
            check_build(settings(files, **given), training, judgements)


def test_a_build_in_sample_counts_what_its_models_have_seen(tmp_path: Path, files: tuple[Path, Path]) -> None:
    card(["black ink"]).write(tmp_path)
    judgements = Judgements.read(*files)

    seen = check_build(settings(files, encoder=tmp_path, in_sample=True), judgements, judgements)

    assert seen == {"encoder": 1, RELATION_WEIGHTS: 3}


def test_a_build_with_nothing_to_measure_or_nothing_learned_is_free(files: tuple[Path, Path]) -> None:
    judgements = Judgements.read(*files)

    assert check_build(settings(files), None, judgements) == {}
    assert check_build(settings(files).model_copy(update={"qrels": None}), judgements, None) == {}


def test_a_broken_card_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    (tmp_path / "encoder" / CARD).write_text("{}")

    with pytest.raises(DamagedGenerationError, match="is no model card"):
        learners_in(tmp_path)


def test_a_report_in_sample_says_so_in_its_title() -> None:
    assert seen_by({"seen": {"encoder": 2}}) == "; IN SAMPLE: the encoder learned from 2 of them"
    assert seen_by({"seen": {}}) == seen_by({}) == ""
