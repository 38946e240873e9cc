"""Deep clustering heads on frozen features, written from their papers.

Many heads are trained at once as one batched linear map, and the head of the least loss is
taken, as the papers do. Steps are fewer than published: what a CPU does in about a minute.
"""

import numpy as np
import torch
from torch.nn.functional import cross_entropy, normalize

from skdeepcluster.neighbors import nearest_neighbors

_BATCH = 512
_STEPS = 1500


def scan(X, k, seed, n_heads=10, entropy_weight=5.0, n_neighbors=20):
    """Cluster as SCAN's second step: neighbours agree, clusters are used evenly.

    W. Van Gansbeke et al., "SCAN: Learning to Classify Images without Labels", ECCV 2020.
    """
    generator, features = _prepared(X, seed)
    neighbors = torch.from_numpy(nearest_neighbors(X, n_neighbors))
    heads = _Heads(n_heads, features.shape[1], k, generator)
    optimizer = torch.optim.Adam(heads.parameters(), lr=1e-3)
    for _ in range(_STEPS // (len(X) // _BATCH + 1)):
        totals = torch.zeros(n_heads)
        for batch in _batches(len(X), generator):
            column = torch.randint(n_neighbors, (len(batch),), generator=generator)
            p = heads(features[batch]).softmax(-1)
            q = heads(features[neighbors[batch, column]]).softmax(-1)
            consistency = -(p * q).sum(-1).clamp_min(1e-8).log().mean(1)
            loss = consistency - entropy_weight * _entropy(p.mean(1))
            _step(optimizer, loss.sum())
            totals += loss.detach()
    return _labels(heads, features, totals.argmin())


def temi(X, k, seed, n_heads=16, beta=0.6, temperature=0.1, n_neighbors=50):
    """Cluster as TEMI: a student head foretells a teacher's label of a neighbour.

    N. Adaloglou, F. Michels, H. Kalisch, M. Kollmann, "Exploring the Limits of Deep Image
    Clustering using Pretrained Models", BMVC 2023 (arXiv:2303.17896).
    """
    generator, features = _prepared(X, seed)
    neighbors = torch.from_numpy(nearest_neighbors(X, n_neighbors))
    student = _Heads(n_heads, features.shape[1], k, generator)
    teacher = _Heads(n_heads, features.shape[1], k, generator)
    teacher.load_state_dict(student.state_dict())
    shares = torch.full((n_heads, 1, k), 1 / k)
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3, weight_decay=1e-4)
    for _ in range(_STEPS // (len(X) // _BATCH + 1)):
        totals = torch.zeros(n_heads)
        for batch in _batches(len(X), generator):
            column = torch.randint(neighbors.shape[1], (len(batch),), generator=generator)
            partner = neighbors[batch, column]
            both = torch.cat([features[batch], features[partner]])
            with torch.no_grad():
                t, t_partner = (teacher(both) / temperature).softmax(-1).chunk(2, dim=1)
                used = torch.cat([t, t_partner], dim=1).mean(1, keepdim=True)
                shares = 0.9 * shares + 0.1 * used
                weight = (t * t_partner).sum(-1).mean(0)
            s, s_partner = (student(both) / temperature).softmax(-1).chunk(2, dim=1)
            information = sum(
                ((a * b).clamp_min(1e-12) ** beta / shares).sum(-1).log()
                for a, b in ((s, t_partner), (s_partner, t))
            )
            loss = -(weight * information / 2).mean(1)
            _step(optimizer, loss.sum())
            with torch.no_grad():
                for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
                    slow.lerp_(fast, 0.004)
            totals += loss.detach()
    return _labels(student, features, totals.argmin())


def turtle(X, k, seed, steps=800, inner_steps=10, entropy_weight=10.0, batch_size=2048):
    """Cluster as TURTLE: the labelling that a linear classifier learns best.

    A. Gadetsky, Y. Jiang, M. Brbic, "Let Go of Your Labels with Unsupervised Transfer", ICML
    2024 (arXiv:2406.07236). First-order gradient, the inner classifier started warm.
    """
    generator, features = _prepared(X, seed)
    task = _Heads(1, features.shape[1], k, generator)
    inner = torch.zeros(features.shape[1] + 1, k, requires_grad=True)
    inner_optimizer = torch.optim.Adam([inner], lr=1e-3)
    optimizer = torch.optim.Adam(task.parameters(), lr=1e-3)
    for _ in range(steps):
        batch = torch.randint(len(X), (min(batch_size, len(X)),), generator=generator)
        rows = features[batch]
        labels = task(rows)[0].softmax(-1)
        for _ in range(inner_steps):
            logits = rows @ inner[:-1] + inner[-1]
            _step(inner_optimizer, cross_entropy(logits, labels.detach()))
        logits = (rows @ inner[:-1] + inner[-1]).detach()
        loss = cross_entropy(logits, labels) - entropy_weight * _entropy(labels.mean(0))
        _step(optimizer, loss)
    return _labels(task, features, 0)


class _Heads(torch.nn.Module):
    """Linear heads side by side: (n, d) to (n_heads, n, k)."""

    def __init__(self, n_heads, n_features, k, generator):
        super().__init__()
        weight = torch.randn(n_heads, n_features, k, generator=generator) / n_features**0.5
        self.weight = torch.nn.Parameter(weight)
        self.bias = torch.nn.Parameter(torch.zeros(n_heads, 1, k))

    def forward(self, rows):
        return torch.einsum("nd,hdk->hnk", rows, self.weight) + self.bias


def _prepared(X, seed):
    features = normalize(torch.from_numpy(np.ascontiguousarray(X, dtype=np.float32)), dim=1)
    spread = features.std(dim=0)
    features = (features - features.mean(dim=0)) / spread.where(spread > 1e-6, torch.inf)
    return torch.Generator().manual_seed(seed), features


def _batches(n_samples, generator):
    return torch.randperm(n_samples, generator=generator).split(_BATCH)


def _entropy(shares):
    return -(shares * shares.clamp_min(1e-8).log()).sum(-1)


def _step(optimizer, loss):
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _labels(heads, features, head):
    with torch.inference_mode():
        return heads(features)[int(head)].argmax(-1).numpy()
