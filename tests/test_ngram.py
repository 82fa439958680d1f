"""Kneser-Ney: probabilities that add up, and numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from train.ngram import KneserNey

START = 4


def test_a_bigram_by_hand() -> None:
    """a b a b a c, once: every count is known, so is every discount."""
    model = KneserNey([np.array([START, 0, 1, 0, 1, 0, 2])], symbols=4, order=2)
    # Counts of two: ab, ba; of one: sa, ac. n1 = n2 = 2, so Y = 2 / (2 + 4) = 1/3,
    # D1 = 1 - 2Y n2/n1 = 1/3, D2 = 2 - 3Y n3/n2 = 2.
    # Contexts met: a after s and b (2), b after a (1), c after a (1): total 4; n1 = 2, n2 = 1,
    # Y = 1/2, D1 = 1 - 2Y n2/n1 = 1/2, D2 = 2; left over: (2 + 1/2 + 1/2) / 4 = 3/4.
    even = 3 / 4 / 4
    b, c, d = 0.5 / 4 + even, 0.5 / 4 + even, even
    # After a: ab twice, ac once, total 3; left over (2 + 1/3) / 3.
    weight = (2 + 1 / 3) / 3
    found = np.exp(-model.nats([np.array([START, 0, 1]), np.array([START, 0, 2])]))
    assert found[1] == pytest.approx(weight * b)
    assert found[3] == pytest.approx((1 - 1 / 3) / 3 + weight * c)
    never = np.exp(-model.nats([np.array([START, 0, 3])]))
    assert never[1] == pytest.approx(weight * d)
    # After what never stood anywhere only the order below is left.
    assert np.exp(-model.nats([np.array([START, 3, 1])]))[1] == pytest.approx(b)


@pytest.mark.parametrize("order", [1, 3, 5])
def test_probabilities_add_up(order: int) -> None:
    rng = np.random.default_rng(0)
    texts = [np.array([4 + i % 2, *rng.choice(4, 12, p=(0.5, 0.3, 0.2, 0))]) for i in range(60)]
    model = KneserNey(texts, symbols=4, starts=2, order=order)
    for start in (4, 5):
        for before in ([], [0], [0, 1, 2, 0], [3, 0, 0], [2, 2, 2, 2, 2, 2]):
            last = [model.nats([np.array([start, *before, w])])[-1] for w in range(4)]
            assert sum(math.exp(-x) for x in last) == pytest.approx(1)
            assert max(last) < math.inf


def test_more_context_tells_more() -> None:
    """A text that repeats every five symbols: five symbols of context know the next one."""
    text = np.array([START, *([0, 1, 0, 2, 3] * 60)])
    nats = [KneserNey([text], 4, order=k).nats([text[:101]]).mean() for k in (1, 2, 3)]
    assert nats[0] > nats[1] > nats[2] and nats[2] < 0.06
