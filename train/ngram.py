"""An n-gram model with modified Kneser-Ney smoothing: what counting alone can say of a text.

Chen & Goodman 1998 (An Empirical Study of Smoothing Techniques for Language Modeling, TR-10-98,
section 3): p_k(w|h) = max(c(hw) - D, 0) / c(h) + weight(h) p_{k-1}(w|h'), h' the context h
without its first symbol. In the longest order c counts occurrences; below, in how many different
contexts an n-gram was met, unless it stands at the start of a text, before which is nothing. There
are three discounts D an order, for counts of one, two, and more. The last resort is an even choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Ids = np.ndarray  # int64


class KneserNey:
    """Learned from `texts`, each (T + 1,) int64: a start token, which is `symbols` or more, and
    then symbols below it. `starts` is how many different start tokens there are."""

    def __init__(self, texts: Sequence[Ids], symbols: int, starts: int = 1, order: int = 5) -> None:
        self.symbols, self.order, self.base = symbols, order, symbols + starts
        tokens, depth = _joined(texts)
        self.keys: list[Ids] = []  # of each order, sorted: id of all but the last, and the last
        ids, firsts, counts = [np.zeros_like(tokens)], [], []
        for k in range(1, order + 1):
            key, valid = self._key(ids[-1], tokens, depth, k)
            found, first, inverse, count = np.unique(
                key[valid], return_index=True, return_inverse=True, return_counts=True
            )
            grams = np.full_like(tokens, -1)
            grams[valid] = inverse
            self.keys.append(found)
            ids.append(grams)
            firsts.append(np.flatnonzero(valid)[first])  # a place at which it ends
            counts.append(count)
        self.share: list[Ids] = []  # of each n-gram: (count - discount) / total of its context
        self.weight: list[Ids] = []  # of each context: of the order below
        for k in range(1, order + 1):
            count, ends = counts[k - 1].astype(np.float64), firsts[k - 1]
            if k < order:
                shorter = ids[k][firsts[k]]  # what is left of each longer one without its first
                met = np.bincount(shorter, minlength=len(count))
                count = np.where(depth[ends] == k - 1, count, met)
            context = self.keys[k - 1] // self.base
            predicted = tokens[ends] < symbols  # a start token is never predicted
            count = np.where(predicted, count, 0)
            n = [np.count_nonzero(count == i) for i in range(5)]
            y = n[1] / max(n[1] + 2 * n[2], 1)
            cuts = [0.0] + [
                min(max(i - (i + 1) * y * n[i + 1] / max(n[i], 1), 0.0), i) for i in (1, 2, 3)
            ]
            cut = np.array(cuts)[np.minimum(count, 3).astype(int)]
            size = len(self.keys[k - 2]) if k > 1 else 1
            total = np.bincount(context, count, size)
            self.share.append((count - cut) / np.maximum(total[context], 1))
            left = np.bincount(context, cut, size)
            self.weight.append(np.where(total > 0, left / np.maximum(total, 1), 1.0))

    def _key(self, shorter: Ids, tokens: Ids, depth: Ids, k: int) -> tuple[Ids, np.ndarray]:
        """The keys of the n-grams of order k that end at each token, and where there is one."""
        before = np.concatenate([[0], shorter[:-1]]) if k > 1 else np.zeros_like(tokens)
        valid = (depth >= k - 1) & (before >= 0)
        return before * self.base + tokens, valid

    def nats(self, texts: Sequence[Ids]) -> np.ndarray:
        """-log p of every symbol of the texts (start tokens left out), one after the other."""
        tokens, depth = _joined(texts)
        ids = np.zeros_like(tokens)
        p = np.full(len(tokens), 1 / self.symbols)
        for k in range(1, self.order + 1):
            key, valid = self._key(ids, tokens, depth, k)
            before = np.where(valid, key // self.base, 0)
            place = np.minimum(np.searchsorted(self.keys[k - 1], key), len(self.keys[k - 1]) - 1)
            known = valid & (self.keys[k - 1][place] == key)
            share = np.where(known, self.share[k - 1][place], 0.0)
            p = np.where(valid, share + self.weight[k - 1][before] * p, p)
            ids = np.where(known, place, -1)
        return -np.log(p[depth > 0])


def _joined(texts: Sequence[Ids]) -> tuple[Ids, Ids]:
    """The texts one after the other, and how far each token is from its start."""
    return np.concatenate(texts), np.concatenate([np.arange(len(text)) for text in texts])
