"""Whether a model learned from the queries it is to be measured with: its figures are then worth nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.backends.relation_weights import RELATIONS, RelationWeights
from engine.errors import FailedPreconditionError
from engine.files import sha256_of
from index_builder.config import BuildSettings
from index_builder.judgements import Judgements
from index_builder.train.cards.model_card import CardKind, ModelCard
from index_builder.train.cards.query_hashes import query_hash, query_hashes

RELATION_WEIGHTS = "weights of the graph's relations"
_SWITCH = "--in-sample"


class SeenQueriesError(FailedPreconditionError):
    """A model learned from some of the queries that it was to be measured with."""

    reason = "SEEN_QUERIES"


@dataclass(frozen=True, slots=True)
class Learner:
    """`name` is a noun ("encoder"); `seen` are hashes of queries that it learned from or was chosen by;
    `files` the SHA-256 of the files they were read from, as far as they are known.
    """

    name: str
    seen: frozenset[str]
    files: frozenset[str] = frozenset()

    @classmethod
    def of_card(cls, card: ModelCard) -> Learner:
        return cls(str(card.kind), card.seen, card.files)

    @classmethod
    def of_judgements(cls, name: str, judgements: Judgements) -> Learner:
        """What is going to learn from them."""
        return cls(name, frozenset(query_hashes(judgements.queries.values())))


def learners_in(folder: Path) -> tuple[Learner, ...]:
    """Those of a generation (or of one that is being built) that tell what they learned from: its models with
    a card, and the weights of its graph's relations. Raises DamagedGenerationError for a card that is broken.
    """
    learners = list(learners_of([folder / kind for kind in CardKind]))
    if (folder / "graph" / RELATIONS).is_file():
        weights = RelationWeights.open(folder / "graph")
        learners.append(Learner(RELATION_WEIGHTS, frozenset(weights.query_hashes)))
    return tuple(learners)


def learners_of(folders: Sequence[Path | None]) -> tuple[Learner, ...]:
    """Of model folders that `train` wrote; one without a card, or None, counts for nothing."""
    cards = [ModelCard.read(folder) for folder in folders if folder is not None]
    return tuple(Learner.of_card(card) for card in cards if card is not None)


def seen_queries(learners: Sequence[Learner], judgements: Judgements) -> dict[str, int]:
    """How many of the judged queries each learned from, by its name; without those that learned from none."""
    hashes = [query_hash(text) for text in judgements.queries.values()]
    counts = {learner.name: sum(each in learner.seen for each in hashes) for learner in learners}
    return {name: count for name, count in counts.items() if count}


def check_unseen(learners: Sequence[Learner], judgements: Judgements, queries: Path, qrels: Path) -> None:
    """Raises SeenQueriesError when one of `learners` learned from a query that is asked in the same words as
    one of `judgements` (see `wording`), which were read from `queries` and `qrels`.
    """
    seen = seen_queries(learners, judgements)
    if not seen:
        return
    total = len(judgements.queries)
    told = " and ".join(f"the {name} learned from {count}" for name, count in seen.items())
    known = frozenset[str]().union(*(learner.files for learner in learners if learner.name in seen))
    same = [path.name for path in (queries, qrels) if sha256_of(path) in known]
    from_files = f", and from the very file {' and '.join(same)}" if same else ""
    raise SeenQueriesError(
        f"Of the {total} queries of {queries}, {told}{from_files}: figures would say nothing of new queries. "
        f"Measure with queries that no model has seen, or all the same with {_SWITCH}.",
        queries=total,
        **{f"seen_by_{name.replace(' ', '_')}": count for name, count in seen.items()},
    )


def check_build(
    settings: BuildSettings, training: Judgements | None, judgements: Judgements | None
) -> dict[str, int]:
    """Before hours are spent: the models that a build is given, and the relations that `training` is going to
    weigh, against the `judgements` that will measure it. Gives what `seen_queries` does, empty without
    judgements. Raises SeenQueriesError unless `settings.in_sample`.
    """
    if judgements is None or settings.judged_queries is None or settings.qrels is None:
        return {}
    learners = learners_of([settings.encoder, settings.reranker, settings.fusion])
    if training is not None:
        learners = (*learners, Learner.of_judgements(RELATION_WEIGHTS, training))
    if not settings.in_sample:
        check_unseen(learners, judgements, settings.judged_queries, settings.qrels)
    return seen_queries(learners, judgements)


def seen_by(report: Mapping[str, object]) -> str:
    """The end of a report's title: what one that was made in spite of it has to admit; "" for a clean one."""
    seen = report.get("seen")
    if not isinstance(seen, Mapping) or not seen:
        return ""
    told = ", ".join(f"the {name} learned from {count}" for name, count in seen.items())
    return f"; IN SAMPLE: {told} of them"
