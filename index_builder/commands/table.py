"""The commands of the builder: what each is called, reads and does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.config import Settings
from index_builder.commands import build, evaluate, evaluate_graph, graph, inspect, prune, train
from index_builder.config import BuildSettings, EvaluateSettings, InspectSettings, PruneSettings
from index_builder.graph_config import (
    EvaluateGraphSettings,
    GraphExportSettings,
    GraphPathSettings,
    GraphQuerySettings,
    GraphSettings,
    GraphShowSettings,
    GraphStatsSettings,
    GraphToldSettings,
    GraphViewSettings,
)
from index_builder.train.settings import (
    TrainEncoderSettings,
    TrainFusionSettings,
    TrainRerankerSettings,
    TrainSettings,
)


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands behind a command without a flag."""

    metavar: str
    about: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """`run` takes the settings, the output and the `arguments` by name, and gives the exit status; None for a
    command that is nothing without one of its `actions`.
    """

    summary: str
    settings: type[Settings]
    run: Callable[..., int] | None
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    actions: Mapping[str, Command] = field(default_factory=dict)
    interrupted: str = "interrupted"


_ENTITY = Argument("ENTITY", "An IRI, product:ID, KIND:NAME (brand:HP), or a name that entities answer to.")
_GRAPH_ACTIONS = {
    "stats": Command("What the graph holds, in numbers.", GraphStatsSettings, graph.stats),
    "show": Command(
        "What the graph says of one entity, who says so and how surely.",
        GraphShowSettings,
        graph.show,
        {"entity": _ENTITY},
    ),
    "path": Command(
        "The shortest ways from one entity to another.",
        GraphPathSettings,
        graph.path,
        {"start": Argument("A", _ENTITY.about), "end": Argument("B", "As A.")},
    ),
    "query": Command(
        "Answer a SPARQL query (SELECT, ASK, CONSTRUCT, DESCRIBE).",
        GraphQuerySettings,
        graph.query,
        {"sparql": Argument("SPARQL", "The query, or @FILE to read it from a file.")},
    ),
    "check": Command(
        "Check the graph against the rules that hold of every graph; status 1 when one is broken.",
        GraphToldSettings,
        graph.check,
    ),
    "export": Command("Write the whole graph to a file.", GraphExportSettings, graph.export),
    "view": Command(
        "Write a page that shows the neighbourhood of an entity, to be opened in any browser.",
        GraphViewSettings,
        graph.view,
        {"entity": Argument("ENTITY", f"{_ENTITY.about} Without it, an overview.", required=False)},
    ),
}
_STOPPED = "interrupted; the same command with --resume goes on from the last checkpoint."
_TRAIN_ACTIONS = {
    "encoder": Command(
        "Fine-tune the dual encoder.", TrainEncoderSettings, train.encoder, interrupted=_STOPPED
    ),
    "reranker": Command(
        "Train the cross-encoder: a teacher, and a small student.",
        TrainRerankerSettings,
        train.reranker,
        interrupted=_STOPPED,
    ),
    "fusion": Command(
        "Learn the weights of the score's parts, over a generation that is there.",
        TrainFusionSettings,
        train.fusion,
    ),
}

COMMANDS = {
    "build": Command(
        "Build a generation from a catalogue and publish it.",
        BuildSettings,
        build.run,
        interrupted="interrupted; nothing was published. The same command goes on with what is embedded.",
    ),
    "evaluate": Command(
        "Measure a generation's ranking on judged queries, or compare two rankings.",
        EvaluateSettings,
        evaluate.run,
        actions={
            "graph": Command(
                "Measure a generation's graph on hand-made labels.", EvaluateGraphSettings, evaluate_graph.run
            )
        },
    ),
    "train": Command(
        "Train a model from what the shop has: judgements, events, the catalogue and its graph.",
        TrainSettings,
        None,
        actions=_TRAIN_ACTIONS,
    ),
    "inspect": Command("Show what generations there are, or what one holds.", InspectSettings, inspect.run),
    "prune": Command("Remove generations that nobody needs any more.", PruneSettings, prune.run),
    "graph": Command("Look at a generation's graph.", GraphSettings, None, actions=_GRAPH_ACTIONS),
}
