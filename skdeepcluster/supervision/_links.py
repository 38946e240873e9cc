"""What belongs together by all that is given, and why."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, connected_components


class Links:
    """The graph of what belongs together: a node for each sample, and one for each label.

    Parameters
    ----------
    given : Given
    firsts : ndarray of shape (n_samples,), int64, or None
        Which sample each is a copy of, or its own position.
    """

    def __init__(self, given, firsts):
        self.n_samples = len(given.labels)
        samples = np.arange(self.n_samples)
        labelled = np.flatnonzero(given.labels >= 0)
        edges = [
            given.must_link,
            np.column_stack([labelled, self.n_samples + given.labels[labelled]]),
        ]
        if firsts is not None:
            edges.append(np.column_stack([samples, firsts])[firsts != samples])
        rows, columns = np.concatenate(edges).T
        n_nodes = self.n_samples + int(given.labels.max()) + 1
        self._graph = sparse.csr_array(
            sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_nodes, n_nodes))
        )
        self._must_link = {frozenset(pair) for pair in given.must_link.tolist()}

    def parts(self):
        """Tell which part that hangs together each node is in, (n_samples + n_labels,), int."""
        return connected_components(self._graph, directed=False)[1]

    def node_of_label(self, label):
        """Give the node of a label."""
        return self.n_samples + label

    def why_together(self, one, other):
        """Say by what two samples belong together: "3-5, 5-7 must be"."""
        return self._said(self._chain(one, other))

    def two_labels(self, one, other):
        """Say which samples of two labels, or of one of them and a third, belong together."""
        chain = self._chain(self.node_of_label(one), self.node_of_label(other))
        end = next(place for place in range(1, len(chain)) if chain[place] >= self.n_samples)
        first, last = (chain[place] - self.n_samples for place in (0, end))
        samples = chain[1:end]
        return (
            f"images {samples[0]} and {samples[-1]} have the labels {first} and {last}, but "
            f"{self._said(samples)}"
        )

    def _said(self, chain):
        """Name the links of a chain that begins and ends with samples."""
        parts = []
        linked = []
        for here, there, after in zip(chain, chain[1:], [*chain[2:], None], strict=False):
            if frozenset((here, there)) in self._must_link:
                linked.append(f"{here}-{there}")
                continue
            if linked:
                parts.append(f"{', '.join(linked)} must be")
                linked = []
            if there >= self.n_samples:
                parts.append(f"{here} and {after} have the label {there - self.n_samples}")
            elif here < self.n_samples:
                parts.append(f"{here} and {there} are copies of one image")
        if linked:
            parts.append(f"{', '.join(linked)} must be")
        return ", and ".join(parts)

    def _chain(self, one, other):
        """Nodes of a shortest path."""
        before = breadth_first_order(self._graph, one, directed=False)[1]
        chain = [int(other)]
        while chain[-1] != one:
            chain.append(int(before[chain[-1]]))
        return chain[::-1]
