"""The command, as the tests run it."""

import csv
import json
import subprocess
import sys

from skdeepcluster.cli import main


def run(*arguments):
    return main([str(argument) for argument in arguments])


def run_json(capsys, *arguments):
    """Run the command with --json; what it prints must be that and nothing else."""
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def start(*arguments, **options):
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "skdeepcluster", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def read_table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
