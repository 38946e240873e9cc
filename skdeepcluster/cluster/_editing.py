"""What is done with clusters once they are found: looked at, named, merged."""

from collections.abc import Callable
from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..images import as_image_source
from ..storage import all_or_nothing
from ._naming import best_words
from ._prototypes import Prototypes, merging, nearest_merging

_N_REPRESENTATIVES = 10


class ClusterEditingMixin:
    """Methods of a fitted estimator that describe its clusters or change them."""

    backbone: object
    labels_: np.ndarray
    embedding_: np.ndarray
    cluster_centers_: np.ndarray
    probabilities_: np.ndarray
    n_clusters_: int
    _prototypes: Prototypes
    _feature_means: np.ndarray
    _names: list
    _paths: list | None
    _probabilities_of: Callable

    @property
    def representative_indices_(self):
        """Positions in ``X`` of each cluster's images nearest to its centre, ten at most."""
        check_is_fitted(self)
        return self._representatives(_N_REPRESENTATIVES)

    def _representatives(self, n_images):
        similarities = self._own_similarities()
        # By cluster, and within it the nearest first.
        order = np.lexsort((-similarities, self.labels_))
        order = order[self.labels_[order] >= 0]
        sizes = np.bincount(self.labels_[order], minlength=len(self.cluster_centers_))
        return [members[:n_images] for members in np.split(order, sizes.cumsum()[:-1])]

    def _mean_latent(self, label):
        mean = self.embedding_[self.labels_ == label].mean(axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)

    def _own_similarities(self):
        """Cosine of each image to the nearest prototype of its cluster."""
        return self._prototypes.similarities(self.embedding_).max(axis=1)

    @property
    def cluster_names_(self):
        """Name of each cluster; "cluster 0" and so on where none was given."""
        check_is_fitted(self)
        return [
            f"cluster {cluster}" if name is None else name
            for cluster, name in enumerate(self._names)
        ]

    def cluster_info(self, n_representatives=5):
        """Describe the clusters in a table.

        Parameters
        ----------
        n_representatives : int, default=5
            How many of the most typical images are listed.

        Returns
        -------
        info : pandas.DataFrame
            A row a cluster: "size"; "share"; "cohesion", the mean cosine to the centre, 1 at
            best; "representatives", the images nearest to the centre (paths if they are
            files, positions in ``X`` otherwise); "name". In a merged cluster the centre is
            that of the nearest of its parts.
        """
        import pandas as pd

        check_is_fitted(self)
        if n_representatives < 0:
            raise ValueError(f"n_representatives={n_representatives} must not be negative.")
        clustered = self.labels_ >= 0
        labels = self.labels_[clustered]
        sizes = np.bincount(labels, minlength=len(self.cluster_centers_))
        cohesion = np.bincount(labels, weights=self._own_similarities()[clustered]) / sizes
        return pd.DataFrame(
            {
                "size": sizes,
                "share": sizes / sizes.sum(),
                "cohesion": cohesion,
                "representatives": [
                    [self._paths[i] if self._paths else int(i) for i in typical]
                    for typical in self._representatives(n_representatives)
                ],
                "name": self.cluster_names_,
            }
        ).rename_axis("cluster")

    def set_cluster_names(self, names):
        """Name the clusters.

        Parameters
        ----------
        names : list of str or dict of int to str
            A name for each cluster, or for some. None and "" stand for no name, and take one
            back that was given.

        Returns
        -------
        self : DeepImageClusterer
        """
        check_is_fitted(self)
        n_clusters = len(self.cluster_centers_)
        if isinstance(names, str):
            raise TypeError(f"names is a list of names or a dict, not one name: {names!r}.")
        if not isinstance(names, dict):
            if len(names) != n_clusters:
                raise ValueError(f"There are {n_clusters} clusters, and {len(names)} names.")
            names = dict(enumerate(names))
        unknown = [label for label in names if label not in range(n_clusters)]
        if unknown:
            raise ValueError(f"There are no clusters {unknown}; labels go to {n_clusters - 1}.")
        given = {
            label: None if name is None else str(name) or None for label, name in names.items()
        }
        self._names = [given.get(cluster, name) for cluster, name in enumerate(self._names)]
        return self

    def describe_clusters(self, vocabulary=None, *, namer=None, X=None, model=None, n_words=3):
        """Find words for the clusters, and name each by the best one.

        Parameters
        ----------
        vocabulary : list of str, default=None
            Words or phrases, of which those are found whose features, by the text tower of an
            open_clip model, are the nearest to the cluster's mean features.
        namer : callable, default=None
            Instead of a vocabulary: ``namer(images)`` returns a name for a list of Pillow
            images, the representatives of a cluster.
        X : images, default=None
            The ones the estimator was fitted on; for a ``namer``, if they are not files.
        model : str, default=None
            The open_clip backbone whose features the clusters are of; None is ``backbone``.
        n_words : int, default=3

        Returns
        -------
        description : pandas.DataFrame
            A row a cluster: "name"; with a vocabulary also "words" and their "scores", cosines.

        Raises
        ------
        ValueError
            If the backbone cannot read words, or the images are not at hand.
        """
        import pandas as pd

        check_is_fitted(self)
        if (vocabulary is None) == (namer is None):
            raise ValueError("Pass either a vocabulary or a namer.")
        if namer is not None:
            images = self._images(X)
            names = [
                namer([images.read(int(index)) for index in typical])
                for typical in self.representative_indices_
            ]
            self.set_cluster_names(names)
            table = {"name": self.cluster_names_}
        else:
            named = str(self.backbone) if model is None else model
            words, scores = best_words(vocabulary, self._feature_means, named, n_words)
            self.set_cluster_names([row[0] for row in words])
            table = {"name": self.cluster_names_, "words": words, "scores": scores}
        return pd.DataFrame(table).rename_axis("cluster")

    def _images(self, X):
        source = as_image_source(self._paths if X is None else X)
        if source is None or len(source) != len(self.labels_):
            raise ValueError(
                "The images are not at hand: pass X, the ones the estimator was fitted on."
            )
        return source

    def merge_clusters(self, groups):
        """Make each group of clusters one; all that was found changes accordingly.

        An image, old or new, is in the merged cluster if it would have been in one of the
        group.

        Parameters
        ----------
        groups : list of list of int, or list of int
            Labels that belong together, such as ``[[0, 3], [1, 5, 6]]`` or ``[0, 3]``. The
            other clusters stay; all are numbered anew, in the same order.

        Returns
        -------
        self : DeepImageClusterer
        """
        check_is_fitted(self)
        return self._relabel(merging(groups, len(self.cluster_centers_)))

    def reduce_clusters(self, n_clusters):
        """Merge the clusters that look most alike until ``n_clusters`` are left.

        Two at a time, those whose union keeps the images nearest to its mean features (Ward's
        rule).

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of clusters.

        Returns
        -------
        self : DeepImageClusterer
        """
        check_is_fitted(self)
        n_present = len(self.cluster_centers_)
        if not isinstance(n_clusters, Integral) or not 1 <= int(n_clusters) <= n_present:
            raise ValueError(
                f"n_clusters must be an integer from 1 to {n_present}, got {n_clusters!r}."
            )
        if n_clusters == n_present:
            return self
        sizes = np.bincount(self.labels_[self.labels_ >= 0], minlength=n_present)
        return self._relabel(nearest_merging(self._feature_means, sizes, n_clusters))

    @all_or_nothing
    def _relabel(self, new_labels):
        sizes = np.bincount(self.labels_[self.labels_ >= 0], minlength=len(new_labels))
        groups = [np.flatnonzero(new_labels == label) for label in range(new_labels.max() + 1)]
        self._feature_means = np.stack(
            [
                np.average(self._feature_means[group], axis=0, weights=sizes[group])
                for group in groups
            ]
        ).astype(np.float32)
        given = [[self._names[old] for old in group if self._names[old]] for group in groups]
        self._names = [" / ".join(names) or None for names in given]
        self._prototypes = self._prototypes.merged(new_labels)
        self.labels_ = np.where(self.labels_ >= 0, new_labels[self.labels_], -1)
        self.cluster_centers_ = np.stack(
            [
                self.cluster_centers_[group[0]] if len(group) == 1 else self._mean_latent(label)
                for label, group in enumerate(groups)
            ]
        )
        self.probabilities_ = self._probabilities_of(self.embedding_)
        self.n_clusters_ = len(groups)
        return self
