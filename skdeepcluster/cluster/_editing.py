"""Clusters, once they are found, looked at, named and merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from ._attributes import PartitionAttributes
from ._matching import matched_labels
from ._merging import merging
from ._naming import best_words, check_names, images_of
from ._recognition import recognized_names
from ._table import cluster_table

if TYPE_CHECKING:
    import pandas as pd

_N_REPRESENTATIVES = 10


class ClusterEditing(PartitionAttributes):
    """Methods of a fitted estimator that describe its clusters or change them."""

    backbone: Any

    @property
    def representative_indices_(self) -> list[np.ndarray]:
        """Positions in ``X`` of each cluster's images nearest to its centre, ten at most."""
        check_is_fitted(self)
        return self._partition.representatives(_N_REPRESENTATIVES)

    def cluster_info(self, n_representatives: int = 5) -> pd.DataFrame:
        """Describe the clusters in a table.

        Parameters
        ----------
        n_representatives : int, default=5
            How many of the most typical images are listed.

        Returns
        -------
        info : pandas.DataFrame
            A row a cluster: "size"; "share"; "probability", the mean of the highest
            probability of its images, an estimate of the share of them that belong there;
            "cohesion", their mean cosine to the centre, 1 at best, which is as high where two
            classes that look alike are one cluster; "stability", the mean of ``stability_``, NaN
            if there is none; "representatives", the images nearest to the centre (paths if they
            are files, positions in ``X`` otherwise); "name". In a merged cluster the centre is
            that of the nearest of its parts.
        """
        check_is_fitted(self)
        return cluster_table(self._partition, n_representatives)

    def set_cluster_names(self, names: Sequence[str | None] | dict[int, str | None]) -> Self:
        """Name the clusters.

        Parameters
        ----------
        names : list of str or dict of int to str
            A name for each cluster, or, in a dict, for those that are listed. None and "" stand
            for no name, and take back one that was given.

        Returns
        -------
        self : DeepImageClusterer
        """
        check_is_fitted(self)
        self._partition = self._partition.renamed(check_names(names, self.n_clusters_))
        return self

    def describe_clusters(
        self,
        vocabulary: Sequence[str] | None = None,
        *,
        namer: Callable[[list], str] | None = None,
        X: Any = None,
        model: str | None = None,
        n_words: int = 3,
    ) -> pd.DataFrame:
        """Find words for the clusters, and name each by the best one.

        Without arguments, words are the classes of ImageNet and their hypernyms in WordNet, and
        the classifier of "efficientnet_lite0", which needs no download, says which of them a
        cluster shows: "tench", or "dog" where breeds mix. A cluster is named by what sets it apart
        from the others, and keeps the name it has, if any, where the network recognizes nothing,
        as in microscopy. At most a hundred images of each cluster are embedded at 128 pixels,
        unless ``memory`` has their features.

        Parameters
        ----------
        vocabulary : list of str, default=None
            Words or phrases, of which those are found whose features, by the text tower of an
            open_clip model, are the nearest to the cluster's mean features.
        namer : callable, default=None
            Instead of a vocabulary: ``namer(images)`` returns a name for a list of Pillow
            images, the representatives of a cluster.
        X : images, default=None
            The ones the estimator was fitted on; unless a vocabulary is given, if they are not
            files.
        model : str, default=None
            The open_clip backbone whose features the clusters are of; None is ``backbone``. For
            a vocabulary.
        n_words : int, default=3

        Returns
        -------
        description : pandas.DataFrame
            A row a cluster: "name"; unless it is a namer's, also "words" and their "scores". With
            a vocabulary these are cosines, without arguments the share of the cluster's images
            that are likely to show what the word says. Then "confidence" is that share of the
            name that was given, and NaN where none was.

        Raises
        ------
        ValueError
            If the backbone cannot read words, or the images are not at hand.

        Examples
        --------
        >>> from skdeepcluster import DeepImageClusterer, list_images
        >>> est = DeepImageClusterer(12).fit(list_images("photos/"))  # doctest: +SKIP
        >>> est.describe_clusters()["name"]  # doctest: +SKIP
        """
        import pandas as pd

        check_is_fitted(self)
        if vocabulary is not None and namer is not None:
            raise ValueError("Pass a vocabulary, a namer, or neither of them, but not both.")
        columns: dict[str, Any] = {}
        names: dict[int, str | None]
        if namer is not None:
            images = images_of(self._partition, X)
            given = [
                namer([images.read(int(index)) for index in typical])
                for typical in self.representative_indices_
            ]
            names = dict(enumerate(given))
        elif vocabulary is not None:
            named = self.backbone if model is None else model
            words, scores = best_words(vocabulary, self._partition.feature_means, named, n_words)
            names = {cluster: row[0] for cluster, row in enumerate(words)}
            columns = {"words": words, "scores": scores}
        else:
            found = recognized_names(self, X, n_words)
            names = {cluster: name for cluster, name in enumerate(found.names) if name is not None}
            columns = {
                "confidence": found.confidences,
                "words": found.words,
                "scores": found.scores,
            }
        self.set_cluster_names(names)
        return pd.DataFrame({"name": self.cluster_names_, **columns}).rename_axis("cluster")

    def merge_clusters(self, groups: Sequence[Sequence[int]] | Sequence[int]) -> Self:
        """Make each group of clusters one; all that was found changes accordingly.

        An image, old or new, is in the merged cluster if it would have been in one of the
        group. Tables, reports and folders that were written before keep the former numbers.

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
        self._partition = self._partition.merged(merging(groups, self.n_clusters_))
        return self

    def reduce_clusters(self, n_clusters: int) -> Self:
        """Merge the clusters that look most alike, as ``tree_`` has it, until so many are left.

        ``cut`` does the same to a copy.

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of clusters.

        Returns
        -------
        self : DeepImageClusterer
        """
        check_is_fitted(self)
        n_present = self.n_clusters_
        if not isinstance(n_clusters, Integral) or not 1 <= int(n_clusters) <= n_present:
            raise ValueError(
                f"n_clusters must be an integer from 1 to {n_present}, got {n_clusters!r}."
            )
        if n_clusters < n_present:
            self._partition = self._partition.merged(self.tree_.cut(int(n_clusters)))
        return self

    def cut(self, n_clusters: int) -> Self:
        """Give the clusterer of a coarser level of ``tree_``; this one stays as it is.

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of clusters.

        Returns
        -------
        estimator : DeepImageClusterer
            Fitted, with so many clusters.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skdeepcluster import DeepImageClusterer
        >>> X, y = load_digits(n_class=4, return_X_y=True)
        >>> est = DeepImageClusterer(n_clusters=4, random_state=0).fit(X)
        >>> est.cut(2).n_clusters_, est.n_clusters_
        (2, 4)
        """
        check_is_fitted(self)
        return copy(self).reduce_clusters(n_clusters)

    def align_to(self, labels: ArrayLike, names: Sequence[str | None] | None = None) -> Self:
        """Give the clusters the numbers of others of the same images, as far as they are the same.

        After a fit from scratch, of more images or with other parameters, clusters keep the
        labels that they are known by: they are matched such that most images keep theirs. New
        clusters get labels that are free; where there are fewer clusters than before, those with
        the highest labels do, too, since labels have no gaps.

        Parameters
        ----------
        labels : array-like of shape (n_samples,), int
            Of the images of this fit, such as ``labels_`` of an earlier one; -1 for images that
            have none. If it is shorter, the images at the end have none.
        names : list of str, default=None
            Names of the clusters that these are labels of, which go with them.

        Returns
        -------
        self : DeepImageClusterer

        Raises
        ------
        ValueError
            If there are more labels than images, or they are no labels.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skdeepcluster import DeepImageClusterer
        >>> X, y = load_digits(n_class=3, return_X_y=True)
        >>> before = DeepImageClusterer(n_clusters=3, random_state=0).fit(X[:300])
        >>> est = DeepImageClusterer(n_clusters=3, random_state=1).fit(X)
        >>> est = est.align_to(before.labels_, before.cluster_names_)
        >>> float((est.labels_[:300] == before.labels_).mean()) > 0.9
        True
        """
        check_is_fitted(self)
        partition = self._partition
        new_labels, origins = matched_labels(partition.labels, labels, partition.n_clusters)
        partition = partition.merged(new_labels)
        if names is not None:
            known = zip(new_labels.tolist(), origins.tolist(), strict=True)
            # cluster_names_ calls a cluster without a name by its number, which may be another now.
            given = {
                new: names[old]
                for new, old in known
                if 0 <= old < len(names) and names[old] != f"cluster {old}"
            }
            partition = partition.renamed(check_names(given, partition.n_clusters))
        self._partition = partition
        return self
