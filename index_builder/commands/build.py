"""`python -m index_builder build`."""

from __future__ import annotations

from index_builder.commands.output import Output
from index_builder.config import BuildSettings

EXIT_GATE = 3


def run(settings: BuildSettings, output: Output) -> int:
    """EXIT_GATE when the generation was published but is below the relevance gate."""
    from index_builder.build import build
    from index_builder.evaluate import table
    from index_builder.progress import ConsoleProgress

    console = output.console
    progress = ConsoleProgress(console)
    built = build(settings, progress)
    if built.evaluation is not None:
        console.print(table(built.evaluation))
    console.print(f"generation {built.generation.id} in {sum(progress.seconds.values()):.0f} s")
    console.print(f"  folder {built.generation.folder}", soft_wrap=True)
    console.print(
        f"  what was wrong in the catalogue: {built.generation.part('report')}/quality.html", soft_wrap=True
    )
    for generation_id in built.removed:
        console.print(f"  removed {generation_id}, which is not needed any more (--keep-generations)")
    for warning in built.warnings:
        output.errors.print(f"warning: {warning}", markup=False, soft_wrap=True)
    if built.gate_failed:
        output.errors.print(f"not activated: {built.gate_failed}", markup=False, soft_wrap=True)
        return EXIT_GATE
    return 0
