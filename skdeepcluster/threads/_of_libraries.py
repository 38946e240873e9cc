"""Threads of the libraries of NumPy, SciPy and scikit-learn."""

from contextlib import nullcontext

from threadpoolctl import ThreadpoolController, threadpool_limits

# Samples. With fewer, no library has work for a second thread, which then costs more than it does.
_WORTH_THREADS = 1000
# Of BLAS libraries. Those with OpenMP share its threads with k-means and with faiss.
_THREADS_OF_THEIR_OWN = ["pthreads", "intel", "gnu", "tbb"]


def linear_algebra_in_one_thread():
    """Return a context in which NumPy and SciPy compute products and decompositions in one thread.

    Each of the two brings a BLAS with threads of its own, which wait for one another, and for
    work, without letting go of their processors. Where these are busy otherwise, decompositions
    take ten times as long as in one thread and more; where they are not, little less. OpenMP,
    with which scikit-learn and faiss divide large work, keeps its threads.
    """
    chosen = ThreadpoolController().select(threading_layer=_THREADS_OF_THEIR_OWN)
    return chosen.limit(limits=1)


def threads_worth_samples(n_samples):
    """Return a context for clustering so many samples, in one thread if they are few."""
    return threadpool_limits(1) if n_samples < _WORTH_THREADS else nullcontext()
