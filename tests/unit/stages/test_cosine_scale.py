import numpy as np
import pytest

from engine.stages.cosine_scale import CosineScale


def test_cosines_of_the_reference_encoder_stay_as_they_are() -> None:
    cosines = np.array([0.0, 0.15, 0.6, 1.0], np.float32)

    assert CosineScale().closeness(cosines) == pytest.approx(cosines)


def test_what_another_encoder_gives_to_anything_and_to_answers_lands_in_the_same_places() -> None:
    narrow = CosineScale(random=0.75, answer=0.90)

    closeness = narrow.closeness(np.array([0.75, 0.825, 0.90], np.float32))

    # Half way between the two is half way on the scale: .15 + .5 * (.60 - .15) = .375.
    assert closeness == pytest.approx([0.15, 0.375, 0.60], abs=1e-6)


def test_products_that_are_further_away_than_any_gain_nothing_and_lose_nothing() -> None:
    assert CosineScale(random=0.5, answer=0.7).closeness(np.array([-0.9, 0.1], np.float32)).tolist() == [0, 0]
