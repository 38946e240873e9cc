"""The network in a checkpoint, of which there are often several."""

import collections
import logging
import re

from ..storage import without_prefix
from ._backbone import BackboneLoadError

# A checkpoint of self-supervised training often holds two copies of the network. As in the
# methods' own evaluations, the teacher of DINO and averages of the weights are preferred to
# others, and the query encoder of MoCo and the online one of BYOL to the key, momentum or target
# encoder.
_FIRST_CHOICE = re.compile(r"teacher|(^|[._])ema([._]|$)")
_LAST_CHOICE = re.compile(r"student|momentum|target|encoder_k|anchor_")
# What Lightning's EMA callback keeps of the network that is not averaged.
_NOT_AVERAGED = "current_model_state."


def find_network(weights, wanted, path, whole=False):
    """Find the network in a checkpoint.

    Parameters
    ----------
    weights : dict of str to Tensor
    wanted : set of str
        Names of the network's tensors.
    path : str or Path
        Path of the file, for messages.
    whole : bool, default=False
        Whether only networks that have all of these tensors count.

    Returns
    -------
    prefix : str or None
        Prefix of the names, such as "state_dict.module.encoder_q."; None if none of them is
        found.

    Raises
    ------
    BackboneLoadError
        If there are several, and none is preferable.
    """
    hits: collections.Counter = collections.Counter()
    for key in weights:
        parts = key.split(".")
        for start in range(len(parts)):
            if ".".join(parts[start:]) in wanted:
                hits["".join(f"{part}." for part in parts[:start])] += 1
    most = len(wanted) if whole else max(hits.values(), default=0)
    complete = [prefix for prefix, count in hits.items() if count == most]
    if not complete:
        return None
    ranks = {prefix: _rank(prefix, complete) for prefix in complete}
    best = [prefix for prefix in complete if ranks[prefix] == min(ranks.values())]
    chosen = [best[0]]
    for prefix in best[1:]:
        # Modules that share a network store it under a name each.
        if not _same(without_prefix(best[0], weights), without_prefix(prefix, weights)):
            chosen.append(prefix)
    if len(chosen) > 1:
        raise BackboneLoadError(
            f"{str(path)!r} holds several networks: {', '.join(sorted(chosen))}. Save the state "
            "dict of one of them."
        )
    others = [prefix for prefix in complete if prefix not in best]
    if others:
        logging.getLogger(__name__).info(
            "%s holds several networks: %r is taken, not %s",
            path,
            chosen[0],
            " or ".join(map(repr, others)),
        )
    return chosen[0]


def _rank(prefix, prefixes):
    """Lower is preferred."""
    if _FIRST_CHOICE.search(prefix):
        rank = 0
    elif "target_encoder." in prefix and prefix.replace("target_", "") in prefixes:
        # MSN and I-JEPA, which call the other one "encoder", evaluate the average.
        rank = 0
    else:
        rank = 2 if _LAST_CHOICE.search(prefix) else 1
    return prefix.startswith(_NOT_AVERAGED), rank


def _same(network, other):
    return all(
        network[name].shape == other[name].shape and bool((network[name] == other[name]).all())
        for name in network.keys() & other.keys()
    )
