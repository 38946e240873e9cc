#!/usr/bin/env bash
# umap-learn 0.5.12 with numba 0.68.1 (NumPy 2.4.6, scikit-learn 1.9.1), Linux x86-64.
#
# Expected: a layout with an int for random_state, on one thread, is the same on every machine that
# has the same versions of everything.
# Seen: it is the same in every process of one machine, but another if numba compiles for another
# processor. Fused multiply-add (a part of Haswell and later, not of the generic x86-64) rounds
# once where two instructions round twice; over 200 epochs of stochastic descent points end up
# elsewhere, by much more than rounding. A clustering of the layout may differ, then, between a
# laptop and a server, and so may what a test expects of it.
# Workaround: NUMBA_CPU_NAME=generic on all machines, at some cost of speed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    umap-learn==0.5.12 numba==0.68.1 numpy==2.4.6 scikit-learn==1.9.1

cat > "$work/layout.py" <<'PYTHON'
import sys
import warnings

import numpy as np
import umap
from sklearn.datasets import load_digits

warnings.simplefilter("ignore")
X = load_digits(n_class=5).data
np.save(sys.argv[1], umap.UMAP(random_state=0, n_epochs=200, n_jobs=1).fit_transform(X))
PYTHON
layout() { env "$2" NUMBA_CPU_FEATURES= "$work/venv/bin/python" "$work/layout.py" "$work/$1.npy"; }
layout first NUMBA_CPU_NAME=haswell
layout again NUMBA_CPU_NAME=haswell
layout generic NUMBA_CPU_NAME=generic
layout generic_again NUMBA_CPU_NAME=generic

"$work/venv/bin/python" - "$work" <<'PYTHON'
import sys

import numpy as np

first, again, generic, generic_again = (
    np.load(f"{sys.argv[1]}/{name}.npy") for name in ("first", "again", "generic", "generic_again")
)
extent = np.ptp(first, axis=0).max()
moved = np.linalg.norm(first - generic, axis=1) / extent
print("same processor, another process: equal", np.array_equal(first, again))
print("generic x86-64, another process: equal", np.array_equal(generic, generic_again))
print(f"haswell and generic: median distance {np.median(moved):.3f} of the extent")
assert np.array_equal(first, again) and np.array_equal(generic, generic_again)
assert np.median(moved) > 1e-3, "the layouts agree: this finding no longer holds"
PYTHON
