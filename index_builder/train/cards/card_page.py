"""A model card as people read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from index_builder.train.cards.model_card import CARD, UNKNOWN, CardKind, CardSource, ModelCard
from index_builder.train.queries.query import Origin

_IS = {
    CardKind.ENCODER: "A dual encoder: it turns queries and products into vectors whose cosine says how well "
    "they fit.",
    CardKind.RERANKER: "A cross-encoder: it reads a query together with a product and gives the probability "
    "that the product answers.",
    CardKind.FUSION: "Weights by which the parts of a score (words, vectors, graph, past queries, reranker) "
    "add up.",
}
_LIMITS = {
    CardKind.ENCODER: "Embeddings of another encoder cannot be compared with this one's: who exchanges it "
    "embeds all products again (a build does).",
    CardKind.RERANKER: "Its probabilities were calibrated on held-out queries of this shop; another shop's "
    "have to be calibrated again.",
    CardKind.FUSION: "The weights belong to the encoder and the reranker they were learned with.",
}
_ORIGINS = {
    Origin.JUDGEMENTS: "judgements",
    Origin.EVENTS: "what shoppers did",
    Origin.GRAPH: "queries composed from the catalogue and its graph",
}


def page_of(card: ModelCard) -> str:
    """Markdown; its head is what model hubs and other readers look for a licence in."""
    parts = [
        _head(card),
        f"# {str(card.kind).capitalize()}" + (f" trained from {card.base_model}" if card.base_model else ""),
        _IS[card.kind],
        _licence(card),
        "## Data",
        _data(card.sources),
        "## Figures",
        _figures(card),
        "## How to make it again",
        _again(card),
        "## Parameters",
        _table(("parameter", "value"), ((name, _short(value)) for name, value in _sorted(card.parameters))),
        "## Files",
        _table(("file", "SHA-256"), ((name, f"`{value}`") for name, value in _sorted(card.weights))),
        "## Limits",
        _limits(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(card: ModelCard) -> str:
    if not card.base_model:
        return ""
    return f"---\nlicense: {json.dumps(card.licence)}\nbase_model: {json.dumps(card.base_model)}\n---"


def _licence(card: ModelCard) -> str:
    shop = "The data belong to the shop, and the model knows something of them."
    if not card.base_model:
        return shop
    if card.licence == UNKNOWN:
        return f"The base model's licence is not known: look it up before you pass the weights on. {shop}"
    return f"The base model's licence is {card.licence}, which the weights inherit. {shop}"


def _data(sources: Sequence[CardSource]) -> str:
    rows = [
        (
            _ORIGINS[source.origin] + (f" (through the {source.through})" if source.through else ""),
            f"{source.queries:,}",
            f"{source.held_out_queries:,}",
            "<br>".join(f"{file.name} `{file.sha256}`" for file in source.files),
        )
        for source in sources
    ]
    told = _table(("from", "queries learned", "held out", "files, SHA-256"), rows)
    hashed = any(source.query_hashes or source.held_out_hashes for source in sources)
    return told + (
        f"\n\nThe queries that people asked are listed as hashes in {CARD}; `evaluate` refuses to measure "
        "the model with any of them."
        if hashed
        else ""
    )


def _figures(card: ModelCard) -> str:
    if not card.figures:
        return "None were measured: no query was held out."
    metrics = list(dict.fromkeys(metric for figures in card.figures.values() for metric in figures))
    rows = [
        (name, *(f"{figures[metric]:.4f}" if metric in figures else "" for metric in metrics))
        for name, figures in card.figures.items()
    ]
    names = [metric.removeprefix("held_out/") for metric in metrics]
    return (
        _table(("on held-out queries", *names), rows)
        + "\n\nThe held-out queries chose the weights, so that these figures are a little too good; "
        "`evaluate` measures with others."
    )


def _again(card: ModelCard) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in _sorted(card.packages))
    return (
        f"```\n{card.command}\n```\n\n"
        f"Cartograph {card.engine_version}, seed {card.seed}, {versions}. The same files, versions and "
        "number of threads on the same kind of processor give the same weights."
    )


def _limits(card: ModelCard) -> str:
    lines = [
        "It learned from one shop's catalogue; how it does elsewhere has to be measured there.",
        _LIMITS[card.kind],
    ]
    if all(source.origin is Origin.GRAPH for source in card.sources):
        lines.append(
            "No person's query taught it: it knows what shoppers look for only as far as the catalogue tells."
        )
    return "\n".join(f"- {line}" for line in lines)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Empty without rows."""
    body = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    if not body:
        return ""
    return "\n".join([f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}", *body])


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _sorted(values: Mapping[str, object]) -> list[tuple[str, object]]:
    return sorted(values.items())
