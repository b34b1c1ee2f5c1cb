"""Relevance on judged queries, stage by stage, kept as raw JSON with its date.

The same figures as `python -m index_builder evaluate --ablate`, written to benchmarks/results/.
"""

from __future__ import annotations

from benchmarks.judged import parse
from index_builder.evaluate import evaluate, table


def main() -> None:
    judged = parse("relevance", "relevance", __doc__)
    with judged.opened() as opened:
        report = evaluate(opened.pipeline.search, judged.judgements, ablate=True)
        content = {"generation": opened.generation.id, **report}
    judged.keep(content, table(report))


if __name__ == "__main__":
    main()
