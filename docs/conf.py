"""Sphinx configuration: ``sphinx-build -W --keep-going -n docs docs/_build``."""

import os
import re
import shutil
import warnings
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx_gallery.sorting import ExplicitOrder

from skdeepcluster import __version__

# What is run, not shown alone: examples and notebooks take minutes.
run = os.environ.get("SKDEEPCLUSTER_DOCS_RUN", "examples notebooks").split()

project = "skdeepcluster"
author = "The skdeepcluster developers"
copyright = "The skdeepcluster developers; BSD-3-Clause"
version = release = __version__

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "myst_nb",
]
exclude_patterns = ["_build", "_templates", "auto_examples/*.ipynb", "auto_examples/*.py"]
suppress_warnings = ["config.cache"]  # the sorting key of the gallery cannot be pickled
templates_path = ["_templates"]

# Links between the pages are written as on GitHub: page.md#heading.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "dollarmath"]

# Notebooks are kept without outputs and run anew; Sphinx wants them in its folder.
shutil.rmtree("notebooks", ignore_errors=True)
shutil.copytree(Path("../examples/notebooks"), "notebooks", dirs_exist_ok=True)
nb_execution_mode = "cache" if "notebooks" in run else "off"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 600
nb_merge_streams = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    # Two want data that are not part of the package.
    "filename_pattern": r"plot_(?!cluster_photos|scene_graph_retrieval)"
    if "examples" in run
    else "nothing",
    "within_subsection_order": ExplicitOrder(
        [
            "plot_sample_photos.py",
            "plot_number_of_clusters.py",
            "plot_new_images.py",
            "plot_name_and_merge.py",
            "plot_outliers.py",
            "*",
            "plot_cluster_photos.py",
            "plot_scene_graphs_of_shapes.py",
            "plot_scene_graph_retrieval.py",
        ]
    ),
    "backreferences_dir": "api/backreferences",
    "doc_module": ("skdeepcluster",),
    "reference_url": {"skdeepcluster": None},
    "image_scrapers": ("matplotlib",),
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "show_memory": False,
    "min_reported_time": 1,
}
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

autosummary_generate = True
# The docstrings describe the types, in words.
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_validation_checks = {"GL01", "GL02", "GL03", "GL08", "PR01", "PR02", "PR03", "PR04"}
# Names of other libraries, whose indexes would have to be downloaded.
nitpick_ignore_regex = [(r"py:.*", r"(sklearn|scipy|torch|joblib|pandas|matplotlib|numpy|PIL)\..*")]

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "skdeepcluster"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
    "pygments_light_style": "tango",
}
html_sidebars = {"index": []}

# The pages below a page; here, because a toctree is no pleasure to read on GitHub.
pages_below = {
    "guide": [
        "guide/inputs",
        "guide/science",
        "guide/backbones",
        "guide/copies",
        "guide/clusters",
        "guide/growing",
        "guide/known-labels",
        "choosing-k",
        "guide/fine-tuning",
        "guide/grid-search",
        "guide/caching",
        "scaling",
        "many-machines",
        "guide/report",
        "method",
        "tried",
        "scene-graphs",
        "notebooks/cluster_your_images",
        "notebooks/growing_catalogue",
        "notebooks/which_settings",
    ],
    "about": ["faq", "comparison", "citing"],
}


def _skip_of_scikit_learn(app, what, name, member, skip, options):
    """Leave out what every estimator inherits, such as ``get_params``."""
    return skip or str(getattr(member, "__module__", "")).startswith("sklearn.")


def _adapt_markdown(app, docname, source):
    """Turn links to examples and notebooks into those of the site; add the pages below."""
    up = r"\]\((?:\.\./)((?:\.\./)*)examples/"
    text = re.sub(up + r"(plot_\w+)\.py\)", r"](\1auto_examples/\2.rst)", source[0])
    source[0] = re.sub(up + r"(notebooks/\w+\.ipynb)\)", r"](\1\2)", text)
    if docname in pages_below:
        source[0] += "\n".join(["\n```{toctree}", ":hidden:", "", *pages_below[docname], "```\n"])


def _write_formula(writer, node):
    """Write MathML, which browsers know by themselves: formulas need no network either."""
    block = isinstance(node, nodes.math_block)
    writer.body.append(tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


def setup(app):
    """Connect the three above."""
    app.add_html_math_renderer("mathml", (_write_formula, None), (_write_formula, None))
    app.connect("source-read", _adapt_markdown)
    app.connect("autodoc-skip-member", _skip_of_scikit_learn)
