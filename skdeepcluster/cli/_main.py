"""The main function: parses the options, runs the command and prints its results."""

import argparse
import json
import os
import re
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout

from .._version import __version__
from . import _assign, _backbones, _cache, _cluster, _embed, _refine, _report, _retrieve, _update
from ._streams import drop_result, flush_result, open_streams, print_result
from ._values import UsageError
from ._wording import in_options

_EPILOG = """\
examples:
  skdeepcluster cluster photos/ --n-clusters 12 --output result/ --report
  skdeepcluster assign result/model more-photos/ --output more-result/
  skdeepcluster update result/ photos/ --output new/
  skdeepcluster refine result/ corrections.json --output new/
  skdeepcluster embed photos/ --output features.npz
  skdeepcluster retrieve graphs.jsonl "a dog jumps over a bar"

exit status:
  0    success; images that cannot be read are skipped and listed on stderr
  1    an error, with one line on stderr
  2    incorrect usage
  130  interrupted

Progress, warnings and errors are printed to stderr, results to stdout. With --json, the results
are one JSON object, whose keys are listed in the help of each command; after an error, stdout is
empty.
"""

_OPTION = re.compile(r"--[a-z-]+")
_NEGATIVE_NUMBERS = re.compile(r"-\.?\d[^,]*,")

# Errors whose messages say what to do. Others are bugs, and show a traceback.
_EXPECTED = (FloatingPointError, ImportError, MemoryError, OSError, RuntimeError, ValueError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, default=None
        None uses those of the process.

    Returns
    -------
    status : int
        0; 1 after an error; 130 after Ctrl-C.

    Raises
    ------
    SystemExit
        With code 2 after incorrect usage, 0 after ``--help`` and ``--version``.
    """
    # Read by libraries when they are loaded: their idle threads sleep. Those that spin take the
    # processor from what decodes the images, and from other programs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    given = sys.argv[1:] if arguments is None else arguments
    with open_streams():
        try:
            try:
                return _run(_parser().parse_args(_with_negative_values(given)))
            finally:
                flush_result()
        except OSError as error:
            drop_result()
            # The reader of the output, such as `head`, may have exited: there is nobody to tell.
            if not isinstance(error, BrokenPipeError):
                _print_error(f"the output cannot be printed: {error.strerror or error}")
            return 1


def _with_negative_values(arguments):
    """Join "--option -1,2" to "--option=-1,2": argparse takes the numbers for another option."""
    joined: list[str] = []
    for argument in arguments:
        if joined and _OPTION.fullmatch(joined[-1]) and _NEGATIVE_NUMBERS.match(argument):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _run(options):
    try:
        with warnings.catch_warnings(), redirect_stdout(sys.stderr):
            warnings.showwarning = _printed_once()
            outcome = options.run(options)
    except KeyboardInterrupt as interrupt:
        print(f"skdeepcluster: interrupted. {interrupt}".rstrip(), file=sys.stderr)
        return 130
    except BrokenPipeError:
        raise
    except UsageError as error:
        options.usage_error(str(error))
    except SystemExit as error:
        _print_error(f"the function of --reader ended the process (SystemExit: {error}).")
        return 1
    except _EXPECTED as error:
        _print_error(" ".join(str(error).split()) or type(error).__name__)
        return 1
    print_result(json.dumps(outcome.data, indent=1) if options.json else _shown(outcome.text))
    return 0


def _print_error(message):
    print(f"skdeepcluster: error: {_shown(in_options(message))}", file=sys.stderr)


def _printed_once():
    """Return what prints a warning, unless the same was printed before."""
    printed = set()

    def print_warning(message, *_):
        text = _shown(in_options(str(message)))
        if text not in printed:
            printed.add(text)
            print(f"skdeepcluster: warning: {text}", file=sys.stderr)

    return print_warning


def _shown(text):
    """Escape control characters: file names may contain sequences that terminals interpret."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else repr(character)[1:-1]
        for character in str(text)
    )


def _parser():
    parser = argparse.ArgumentParser(
        prog="skdeepcluster",
        description="Cluster images with pretrained networks.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for module in (
        _cluster,
        _assign,
        _update,
        _report,
        _refine,
        _embed,
        _retrieve,
        _backbones,
        _cache,
    ):
        command = commands.add_parser(
            module.__name__.rpartition("._")[2],
            help=module.HELP,
            description=f"{module.HELP[0].upper()}{module.HELP[1:]}.",
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_options(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.set_defaults(run=module.run, usage_error=command.error)
    return parser
