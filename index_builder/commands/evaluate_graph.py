"""`python -m index_builder evaluate graph`."""

from __future__ import annotations

from index_builder.commands.output import Output
from index_builder.config import EvaluateGraphSettings


def run(settings: EvaluateGraphSettings, output: Output) -> int:
    from engine.generation import DataFolder
    from index_builder.graph.gold.report import Measured, measure_graph
    from index_builder.graph.gold.report_table import tables

    data = DataFolder.open(settings.data)
    if settings.generation:
        generation = data.open_generation(settings.generation, verify=False)
    else:
        generation = data.open_active(verify=False)
    splits = measure_graph(Measured.open(generation), settings.gold, settings.split)

    def for_people() -> None:
        for table in tables(splits):
            output.console.print(table)
            output.console.print()

    output.show(settings.json_output, {"generation": generation.id, "splits": splits}, for_people)
    return 0
