#!/usr/bin/env bash
# faiss-cpu 1.15.1, scikit-learn 1.9.1, threadpoolctl 3.6.0, NumPy 2.4.6, SciPy 1.17.1; wheels of
# PyPI for Linux on x86-64.
#
# Expected: threadpool_limits(1, user_api="blas") limits the threads of linear algebra. Those of
# OpenMP, with which scikit-learn's k-means and faiss divide their work, keep their number, as they
# do without faiss.
# Seen: once faiss has been imported, they have one thread as well. The OpenBLAS in its wheel is
# built with OpenMP, and to set its number of threads sets that of the OpenMP library, of which the
# wheels of faiss and scikit-learn share one copy: it has the same name, and is loaded once. So the
# threads of k-means in such a block depend on whether faiss was imported before.
# Workaround: ThreadpoolController().select(threading_layer="pthreads").limit(limits=1), which are
# the libraries of NumPy and SciPy.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    faiss-cpu==1.15.1 scikit-learn==1.9.1 threadpoolctl==3.6.0 numpy==2.4.6 scipy==1.17.1

cat > "$work/threads.py" <<'PYTHON'
import sys
from sklearn.cluster import KMeans
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

if sys.argv[1] == "with":
    import faiss


def threads(api):
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == api]


threadpool_limits(4, user_api="openmp")
threadpool_limits(4, user_api="blas")
print(sys.argv[1], "faiss: OpenMP", threads("openmp"), "BLAS", threads("blas"))
with threadpool_limits(1, user_api="blas"):
    print("  BLAS limited: OpenMP", threads("openmp"), "BLAS", threads("blas"))
    assert set(threads("blas")) == {1}
    assert (1 in threads("openmp")) == (sys.argv[1] == "with")
with ThreadpoolController().select(threading_layer="pthreads").limit(limits=1):
    print("  NumPy's and SciPy's limited: OpenMP", threads("openmp"), "BLAS", threads("blas"))
    assert 1 not in threads("openmp") and 1 in threads("blas")
PYTHON
for faiss in without with; do
    OMP_NUM_THREADS=4 OPENBLAS_NUM_THREADS=4 "$work/venv/bin/python" "$work/threads.py" "$faiss"
done
