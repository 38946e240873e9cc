"""The network that judges and names clusters, the same whatever network has clustered."""

# It needs no download, is small, and was taught to tell things apart.
BACKBONE = "efficientnet_lite0"
IMAGE_SIZE = 128


def has_fixed_network(embedder):
    """Whether an embedder's features are those of the fixed network."""
    # A tuned network is no string, and a list of sizes no number.
    network = embedder.backbone, embedder.image_size
    return isinstance(network[0], str) and network == (BACKBONE, IMAGE_SIZE)
