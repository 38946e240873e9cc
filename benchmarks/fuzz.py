"""Damaged files through the readers: nothing may crash, hang or fail without a name.

    python benchmarks/fuzz.py --cases 10000

Images are read and resized as the estimators do it, scene graphs by their readers. Each case
has ten seconds and four gigabytes of address space; a process that dies is started again behind
the case that killed it. The result is benchmarks/results/fuzz.json.
"""

import argparse
import collections
import json
import multiprocessing
import platform
import resource
import signal
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests._mutations import damaged_graphs, damaged_image, whole_images

SECONDS = 10
ADDRESS_SPACE = 4 * 2**30


def read_damaged_image(whole, seed, folder):
    """Read one damaged image; return "read", "refused" or what is wrong."""
    from skdeepcluster.images import ImageReadError, Resizing, as_image_source

    suffix, content = damaged_image(whole, seed)
    path = Path(folder, f"{seed}{suffix}")
    path.write_bytes(content)
    resizing = Resizing(64)
    try:
        resizing(as_image_source([path]).read(0, resizing.shortest_side))
    except ImageReadError as error:
        return "refused" if str(path) in str(error) else f"unnamed: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        path.unlink()
    return "read"


def read_damaged_graphs(seed, folder):
    """Read one damaged file of scene graphs; return "read", "refused" or what is wrong."""
    from skdeepcluster import scenegraph

    reader, content = damaged_graphs(seed)
    path = Path(folder, f"{seed}.json")
    path.write_bytes(content)
    try:
        getattr(scenegraph, reader)(path)
    except ValueError as error:
        return "refused" if str(path) in str(error) else f"unnamed: {error!r:.300}"
    except Exception as error:
        return f"{type(error).__name__}: {error!s:.300}"
    finally:
        path.unlink()
    return "read"


def _work(kind, seeds, folder, connection):
    """Send the peak memory before, then outcome, seconds and peak memory of each case."""
    # Pillow's remarks on damaged tags.
    warnings.simplefilter("ignore")
    whole = whole_images()
    # Loaded before time counts.
    read_damaged_graphs(0, folder) if kind == "graphs" else read_damaged_image(whole, 0, folder)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    connection.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    for seed in seeds:
        start = time.perf_counter()
        signal.alarm(SECONDS)
        if kind == "graphs":
            outcome = read_damaged_graphs(seed, folder)
        else:
            outcome = read_damaged_image(whole, seed, folder)
        signal.alarm(0)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        connection.send((seed, outcome, time.perf_counter() - start, peak))
    connection.close()


def fuzz(kind, n_cases):
    """Run all cases of a kind; return a summary."""
    context = multiprocessing.get_context("spawn")
    outcomes: collections.Counter = collections.Counter()
    faults, slowest, before, peak, next_seed = [], 0.0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        while next_seed < n_cases:
            receiver, sender = context.Pipe(duplex=False)
            seeds = range(next_seed, n_cases)
            process = context.Process(target=_work, args=(kind, seeds, folder, sender))
            process.start()
            sender.close()
            try:
                before = receiver.recv()
                while True:
                    seed, outcome, seconds, megabytes = receiver.recv()
                    next_seed = seed + 1
                    slowest, peak = max(slowest, seconds), max(peak, megabytes)
                    outcomes[outcome if outcome in ("read", "refused") else "fault"] += 1
                    if outcome not in ("read", "refused"):
                        faults.append((seed, outcome))
            except EOFError:
                process.join()
            if process.exitcode:
                hang = process.exitcode == -signal.SIGALRM
                outcomes["hang" if hang else "crash"] += 1
                faults.append((next_seed, f"exit code {process.exitcode}"))
                next_seed += 1
    return {
        "cases": n_cases,
        **{name: outcomes[name] for name in ("read", "refused", "fault", "hang", "crash")},
        "slowest_seconds": round(slowest, 3),
        "megabytes_before": before,
        "peak_megabytes": peak,
        "faults": faults[:50],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000, help="of each kind")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results" / "fuzz.json"
    )
    options = parser.parse_args()
    import PIL

    result = {
        "seconds_allowed": SECONDS,
        "address_space_bytes": ADDRESS_SPACE,
        "python": platform.python_version(),
        "pillow": PIL.__version__,
        **{kind: fuzz(kind, options.cases) for kind in ("images", "graphs")},
    }
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
