"""A generation that ranks worse than the one that serves is not activated."""

from __future__ import annotations

from engine.errors import RelevanceGateError
from engine.manifest import Manifest

METRICS = ("ndcg@10", "recall@100")
"""Of a build's evaluation. They compare generations that were measured with the same judgements."""


def check_relevance(new: Manifest, serving: Manifest, ratio: float) -> str:
    """Raises RelevanceGateError when a figure of `new` is below `ratio` times the serving one's, or when only
    the serving one was measured: what an operator wants proved is not taken unproved. A serving generation
    without figures proves nothing: then a sentence that says so comes back, else "".
    """
    if ratio == 0 or new.id == serving.id:
        return ""
    wanted = [name for name in METRICS if name in serving.evaluation]
    if not wanted:
        return f"Generation {serving.id}, which serves, has no figures: the gate lets all through."
    for name in wanted:
        before, now = serving.evaluation[name], new.evaluation.get(name)
        if now is None:
            raise RelevanceGateError(
                new.id,
                f"was built without judgements, while {serving.id}, which serves, has {name} {before:.4f}: "
                f"--min-relevance-ratio {ratio:g} cannot be checked",
                metric=name,
                serving_generation=serving.id,
                serving=f"{before:.4f}",
            )
        if now < ratio * before:
            raise RelevanceGateError(
                new.id,
                f"has {name} {now:.4f}, less than {ratio:g} of the {before:.4f} of {serving.id}, which "
                "serves (--min-relevance-ratio)",
                metric=name,
                value=f"{now:.4f}",
                serving_generation=serving.id,
                serving=f"{before:.4f}",
                ratio=f"{ratio:g}",
            )
    return ""
