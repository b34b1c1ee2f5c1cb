"""`python -m index_builder evaluate graph`."""

from __future__ import annotations

from index_builder.commands.output import Output
from index_builder.config import EvaluateGraphSettings


def run(settings: EvaluateGraphSettings, output: Output) -> int:
    from engine.generation import DataFolder
    from index_builder.graph.gold.report import measure_graph
    from index_builder.graph.gold.report_table import tables

    data = DataFolder.open(settings.data)
    if settings.generation:
        generation = data.open_generation(settings.generation, verify=False)
    else:
        generation = data.open_active(verify=False)
    report = measure_graph(generation, settings.gold, settings.split)

    def for_people() -> None:
        for table in tables(report):
            output.console.print(table)

    output.show(settings.json_output, report, for_people)
    return 0
