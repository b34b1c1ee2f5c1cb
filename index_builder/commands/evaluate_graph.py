"""`python -m index_builder evaluate graph`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from index_builder.commands.output import Output
from index_builder.graph_config import EvaluateGraphSettings

if TYPE_CHECKING:
    from engine.generation import Generation
    from index_builder.graph.evidence import Extractor, Mention
    from index_builder.graph.gold.report import Measured


def run(settings: EvaluateGraphSettings, output: Output) -> int:
    from engine.generation import DataFolder
    from index_builder.graph.gold.report import Measured, check_folder, measure_graph
    from index_builder.graph.gold.report_table import tables

    data = DataFolder.open(settings.data)
    if settings.generation:
        generation = data.open_generation(settings.generation, verify=False)
    else:
        generation = data.open_active(verify=False)
    measured = Measured.open(generation)
    check_folder(settings.gold)
    if settings.layers:
        measured = replace(measured, alone=_alone(measured, generation, settings))
    splits = measure_graph(measured, settings.gold, settings.split)

    def for_people() -> None:
        for table in tables(splits):
            output.console.print(table)
            output.console.print()

    output.show(settings.json_output, {"generation": generation.id, "splits": splits}, for_people)
    return 0


def _alone(
    measured: Measured, generation: Generation, settings: EvaluateGraphSettings
) -> Mapping[Extractor, Sequence[Mention]]:
    from index_builder.graph.gold.entities import SPLITS, read_entities
    from index_builder.graph.gold.layers import read_alone
    from index_builder.graph.ontologies.sources import load_sources
    from index_builder.graph.text.tagger import Tagger
    from index_builder.graph_step import TAGGER

    folder = generation.part("graph") / TAGGER
    rows = {span.row for split in SPLITS for span in read_entities(settings.gold, measured.products, split)}
    return read_alone(
        measured.products,
        rows,
        tagger=Tagger.open(folder) if folder.is_dir() else None,
        ontologies=load_sources(settings.ontology),
    )
