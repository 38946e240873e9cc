"""The walls between the folders of the package, read from its source."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import skdeepcluster

ROOT = Path(skdeepcluster.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
MOST_LINES = 400

# What each folder may import, besides itself. To add an arrow, add it here.
MAY_IMPORT = {
    # What all others may stand on.
    "features": ["processor"],
    "fingerprints": [],
    "metrics": [],
    "process_group": [],
    "processor": [],
    "progress": ["process_group"],
    "storage": [],
    # From files to features.
    "images": ["fingerprints", "processor"],
    "backbones": ["fingerprints", "images", "processor", "storage"],
    "embedding": ["backbones", "features", "images", "process_group", "progress", "storage"],
    "naming": [],
    # From features to clusters.
    "neighbors": ["features", "processor"],
    "supervision": [],
    "starts": ["features", "neighbors", "processor", "supervision"],
    "latent": ["features", "neighbors", "processor", "storage", "supervision"],
    "adaptation": ["backbones", "images", "process_group", "progress", "storage"],
    "cluster": [
        *("adaptation", "backbones", "embedding", "features", "images", "latent"),
        *("metrics", "naming", "neighbors", "process_group", "processor", "progress"),
        *("starts", "storage", "supervision"),
    ],
    # Graphs of images and sentences; they know nothing of clusters.
    "scenegraph.graph": ["images"],
    "scenegraph.readers": ["images", "scenegraph.graph"],
    "scenegraph.text": ["scenegraph.graph", "storage"],
    "scenegraph.vision": [
        *("backbones", "embedding", "images", "naming", "process_group", "progress"),
        *("scenegraph.graph", "storage"),
    ],
    "scenegraph.matching": ["processor", "scenegraph.graph", "storage"],
    "scenegraph.retrieval": [
        *("backbones", "embedding", "images", "metrics", "process_group", "processor"),
        *("progress", "storage", "scenegraph.graph", "scenegraph.matching", "scenegraph.text"),
    ],
    "scenegraph": [
        *("scenegraph.graph", "scenegraph.readers", "scenegraph.retrieval"),
        *("scenegraph.text", "scenegraph.vision"),
    ],
    # Copies among images; they need no clusters.
    "duplicates": ["embedding", "features", "images", "neighbors", "progress"],
    # What images lack, beside others.
    "quality": ["images", "progress"],
    # Results, looked at and handed on.
    "corrections": ["cluster", "images", "storage"],
    "displays": ["cluster", "features", "images", "metrics", "neighbors"],
    "export": ["images", "storage"],
    "report": [
        *("cluster", "corrections", "displays", "duplicates", "features", "images", "neighbors"),
        *("progress", "quality", "storage"),
    ],
    "cli": [
        *("backbones", "cluster", "corrections", "duplicates", "embedding", "export", "images"),
        *("progress", "quality", "report"),
        *("scenegraph", "storage"),
    ],
}


def folder_of(parts):
    """The folder that a dotted name within the package leads to; "" is the top level."""
    for length in (2, 1):
        if ".".join(parts[:length]) in MAY_IMPORT:
            return ".".join(parts[:length])
    # A public name of the package is at home in a folder.
    return skdeepcluster._HOMES.get(parts[0], "")


def imports_of(path):
    """Dotted names, as lists without the package's own, that a module imports of the package."""
    package = ["skdeepcluster", *path.parent.relative_to(ROOT).parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from (name[1:] for name in names if name[0] == "skdeepcluster" and name[1:])


def crossings():
    """Yield (module, its folder, imported name, the folder of that) of imports across folders."""
    for path in MODULES:
        relative = path.relative_to(ROOT)
        folder = folder_of(relative.with_suffix("").parts)
        for name in imports_of(path):
            target = folder_of(name)
            if target != folder:
                yield relative.as_posix(), folder, ".".join(name), target


def test_every_folder_is_in_the_table():
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in MODULES} - {""}
    assert folders | {"metrics"} == set(MAY_IMPORT)


def test_no_folder_imports_what_is_private_to_another():
    private = [
        f"{module} imports {name}"
        for module, _, name, _ in crossings()
        if name != "_version.__version__" and any(part.startswith("_") for part in name.split("."))
    ]
    assert not private, "\n".join(private)


def test_imports_follow_the_arrows():
    astray = [
        f"{module} imports {name}"
        for module, folder, name, target in crossings()
        if folder and target and target not in MAY_IMPORT[folder]
    ]
    assert not astray, "\n".join(astray)


def test_arrows_never_lead_back():
    order = [*TopologicalSorter(MAY_IMPORT).static_order()]
    assert set(order) == set(MAY_IMPORT)


def test_images_and_latents_know_nothing_of_one_another():
    def reached(folder):
        return {folder}.union(*map(reached, MAY_IMPORT[folder]))

    assert "images" not in reached("latent") and "latent" not in reached("images")
    assert not any("cluster" in reached(folder) for folder in MAY_IMPORT if "scene" in folder)


def test_no_module_is_long():
    lengths = {path.relative_to(ROOT).as_posix(): length_of(path) for path in MODULES}
    assert {module: n for module, n in lengths.items() if n > MOST_LINES} == {}


def length_of(path):
    """Lines of a module without its docstrings."""
    text = path.read_text("utf-8")
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [
        node.body[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, documented) and ast.get_docstring(node) is not None
    ]
    return len(text.splitlines()) - sum(n.end_lineno - n.lineno + 1 for n in docstrings)
