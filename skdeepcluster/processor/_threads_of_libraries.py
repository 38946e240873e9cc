"""Threads of the libraries of NumPy, SciPy and scikit-learn."""

from contextlib import nullcontext

from threadpoolctl import ThreadpoolController, threadpool_limits

# Samples times clusters. With fewer, k-means has no work for a second thread: on processors that
# are busy otherwise the threads wait for one another several times as long as they work.
_WORTH_THREADS = 1_000_000
# Of BLAS libraries. Those with OpenMP share its threads with k-means and with faiss.
_THREADS_OF_THEIR_OWN = ["pthreads", "intel", "gnu", "tbb"]


def linear_algebra_in_one_thread():
    """Return a context in which NumPy and SciPy compute products and decompositions in one thread.

    Each of the two brings a BLAS with threads of its own, which wait for one another, and for
    work, without letting go of their processors. Where these are busy otherwise, decompositions
    take ten times as long as in one thread, and more. OpenMP, with which scikit-learn and faiss
    divide large work, keeps its threads.
    """
    chosen = ThreadpoolController().select(threading_layer=_THREADS_OF_THEIR_OWN)
    return chosen.limit(limits=1)


def threads_worth_clusters(n_samples, n_clusters):
    """Return a context for partitions into so many clusters, in one thread if they are few."""
    return threadpool_limits(1) if n_samples * n_clusters < _WORTH_THREADS else nullcontext()
