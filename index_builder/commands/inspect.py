"""`python -m index_builder inspect`."""

from __future__ import annotations

from index_builder.commands.output import Output
from index_builder.config import InspectSettings


def run(settings: InspectSettings, output: Output) -> int:
    from index_builder.inspect import describe, describe_all, show, show_all

    if settings.generation is None:
        everything = describe_all(settings.data)
        output.show(settings.json_output, everything, lambda: show_all(everything, output.console))
    else:
        one = describe(settings.data, settings.generation)
        output.show(settings.json_output, one, lambda: show(one, output.console))
    return 0
