"""The stages of a network; fine-tuning trains the last ones."""

# A module with more than this fraction of the parameters wraps the network itself, such as the
# "features" of an EfficientNet or the "transformer" of a CLIP tower: its children are the stages.
# (The last stage of a ResNet-18 has three quarters.)
_WRAPPER = 0.9
# A last stage with less than this fraction, such as a final normalisation, is not one.
_TINY = 0.01


def natural_stages(network):
    """Find stages from the order and the sizes of a network's modules.

    A layer that only scales and shifts, such as a normalisation, belongs to the stage before it.

    Returns
    -------
    stages : list of list of str
        Names of the parameters, each once, in the order of the modules.
    """
    # A parameter that two modules share has only its first name here.
    parameters = dict(network.named_parameters())
    total = sum(parameter.numel() for parameter in parameters.values())
    stages: list[list[str]] = []

    def visit(module, prefix):
        own = [prefix + name for name, _ in module.named_parameters(recurse=False)]
        add([name for name in own if name in parameters], joins=True)
        for child_name, child in module.named_children():
            path = prefix + child_name
            names = [name for name, _ in child.named_parameters(path) if name in parameters]
            size = sum(parameters[name].numel() for name in names)
            if size > _WRAPPER * total and next(child.children(), None) is not None:
                visit(child, path + ".")
            else:
                add(names, joins=all(parameters[name].ndim < 2 for name in names))

    def add(names, joins):
        if joins and stages:
            stages[-1].extend(names)
        elif names:
            stages.append(names)

    visit(network, "")
    return stages


def timm_stages(network):
    """Return the stages as timm groups them, or natural ones if it does not."""
    from timm.models import group_parameters

    try:
        groups = group_parameters(network, network.group_matcher(coarse=True))
    except (AttributeError, AssertionError):
        # A few models have no groups, or no coarse ones.
        return natural_stages(network)
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    stages = [list(groups[key]) for key in sorted(groups)]
    last = sum(sizes[name] for name in stages[-1])
    if len(stages) > 1 and last < _TINY * sum(sizes.values()):
        norm = stages.pop()
        stages[-1].extend(norm)
    return stages
