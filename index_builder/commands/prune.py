"""`python -m index_builder prune`."""

from __future__ import annotations

from dataclasses import asdict

from engine.errors import ConfigError, LockHeldError
from index_builder.commands.output import Output
from index_builder.config import PruneSettings


def run(settings: PruneSettings, output: Output) -> int:
    from engine.generation import DataFolder
    from index_builder.prune import Pruned, prune

    data = DataFolder.open(settings.data)
    try:
        with data.building(wait=2.0):
            pruned = prune(data, settings.keep_generations, dry_run=settings.dry_run)
    except LockHeldError:
        raise ConfigError(f"A build is writing to {settings.data}; prune when it has ended.") from None

    def show(pruned: Pruned) -> None:
        told = "would be removed" if settings.dry_run else "removed"
        for generation_id, size in pruned.removed.items():
            output.console.print(f"{generation_id} {told} ({size / 1e6:,.1f} MB)")
        for generation_id in pruned.in_use:
            output.console.print(f"{generation_id} stays: a server has opened it")
        for generation_id in pruned.kept:
            output.console.print(f"{generation_id} stays")

    output.show(settings.json_output, asdict(pruned), lambda: show(pruned))
    return 0
