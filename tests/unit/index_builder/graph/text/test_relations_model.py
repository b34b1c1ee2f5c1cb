import numpy as np
import pytest

from index_builder.graph.text.relations_model import MIN_EXAMPLES, fit_logistic


def test_chances_are_the_shares_seen_in_training() -> None:
    """100 examples with the feature, 80 right; 100 without, 25 right: the penalty pulls little."""
    features = np.repeat([[1.0], [0.0]], 100, axis=0)
    right = np.array([True] * 80 + [False] * 20 + [True] * 25 + [False] * 75)
    model = fit_logistic(features, right)
    assert model is not None
    assert model.chances(np.array([[1.0], [0.0]])) == pytest.approx([0.8, 0.25], abs=0.03)
    assert model.chances(features).mean() == pytest.approx(right.mean())  # the constant is not penalised


def test_too_few_examples_teach_nothing() -> None:
    right = np.array([True] * (MIN_EXAMPLES - 1) + [False] * 500)
    assert fit_logistic(np.zeros((len(right), 1)), right) is None


def test_examples_that_a_feature_parts_perfectly_still_give_finite_weights() -> None:
    features = np.repeat([[1.0], [0.0]], MIN_EXAMPLES, axis=0)
    model = fit_logistic(features, features[:, 0] > 0)
    assert model is not None
    assert np.isfinite(model.weights).all()
