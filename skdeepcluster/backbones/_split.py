"""A network in two parts: a frozen trunk and the rest, which is trained."""

import torch
from torch import fx, nn


def split_network(network, trained, image_size):
    """Split a network before the first trained parameter, where a single tensor passes.

    The trunk's output can be cached, so that training only costs the rest.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode.
    trained : set of str
        Names of the trained parameters, which only the rest may use.
    image_size : int

    Returns
    -------
    trunk : torch.nn.Module
        Maps images (n, 3, image_size, image_size) to one tensor with n rows.
    rest : torch.nn.Module
        Maps that tensor to the features of the network, and shares the network's parameters.
        If the network cannot be split, the trunk is the identity and the rest the network.
    """
    example = torch.zeros(2, 3, image_size, image_size)
    try:
        exported: fx.GraphModule = torch.export.export(
            network, (example,), dynamic_shapes=({0: torch.export.Dim("n")},)
        ).module()
        return _cut(exported, trained)
    except Exception:
        # Data-dependent control flow, custom operations: networks fail in many ways.
        return nn.Identity(), network


def _cut(exported, trained):
    computed: dict[fx.Node, int] = {}
    for node in exported.graph.nodes:
        if node.op == "placeholder" or any(used in computed for used in node.all_input_nodes):
            computed[node] = len(computed)
    nodes = list(computed)
    first = next(
        place
        for place, node in enumerate(nodes)
        if any(used.op == "get_attr" and used.target in trained for used in node.all_input_nodes)
    )
    for place in range(first, 0, -1):
        passing = [node for node in nodes[:place] if _last_use(node, computed) >= place]
        if len(passing) == 1:
            break
    (boundary,) = passing
    trunk, rest = fx.Graph(), fx.Graph()
    output = next(node for node in reversed(nodes) if node.op == "output")
    image = trunk.placeholder("image")
    trunk.output(_copy(boundary, trunk, {nodes[0]: image}))
    activation = rest.placeholder("activation")
    known = {boundary: activation}
    sizes = [node for node in nodes if _is_batch_size(node)]
    if sizes:
        size = rest.call_function(torch.ops.aten.sym_size.int, (activation, 0))
        known.update(dict.fromkeys(sizes, size))
    (features,) = output.all_input_nodes
    rest.output(_copy(features, rest, known))
    return fx.GraphModule(exported, trunk), fx.GraphModule(exported, rest)


def _last_use(node, computed):
    """Position of the last node that uses it; -1 for the batch size, which any tensor has."""
    if _is_batch_size(node):
        return -1
    return max((computed.get(user, 0) for user in node.users), default=0)


def _is_batch_size(node):
    return node.target is torch.ops.aten.sym_size.int and node.args[1] == 0


def _copy(node, graph, known):
    """Copy a node and everything it needs that is not copied yet; return the copy."""
    needed: set[fx.Node] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current not in known and current not in needed:
            needed.add(current)
            waiting.extend(current.all_input_nodes)
    for current in node.graph.nodes:
        if current in needed:
            known[current] = graph.node_copy(current, known.__getitem__)
    return known[node]
