"""Options in the name of a backbone: what the tensors of a file do not tell."""

import os
import re

_OPTION = re.compile(r"(.*),(num_heads=([1-9]\d*)|global_pool=(token|avg))", re.DOTALL)


def split_options(name):
    """Split "<name>,num_heads=12,global_pool=avg" into the name and the options.

    Parameters
    ----------
    name : str
        A file of this name, commas and all, has no options.

    Returns
    -------
    name : str
    options : dict
        Those of "num_heads" (int) and "global_pool" ("token" or "avg") that are given.
    """
    options: dict[str, int | str] = {}
    match = _OPTION.fullmatch(name)
    while match and not os.path.exists(os.path.expanduser(name)):
        name, _, heads, pool = match.groups()
        options |= {"num_heads": int(heads)} if heads else {"global_pool": pool}
        match = _OPTION.fullmatch(name)
    return name, options
