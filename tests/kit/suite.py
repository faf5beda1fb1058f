"""The main function of a suite: what its command line names, its tests, and what ends them early."""

import argparse
import traceback
from pathlib import Path

from .tap import Tap


def main(name, test, programs=("binary",)):
    """Runs test(tap, PATH...) with the programs that the command line names; returns the exit code.

    Whatever ends the tests early is a test that failed, and says where.
    """
    parser = argparse.ArgumentParser()
    for program in programs:
        parser.add_argument(f"--{program}", required=True, type=Path)
    options = parser.parse_args()
    tap = Tap(name)
    try:
        test(tap, *(getattr(options, program).resolve() for program in programs))
    except Exception as error:  # pylint: disable=broad-except
        tap.check("to its end", [f"{type(error).__name__}: {error}",
                                 *traceback.format_tb(error.__traceback__)])
    return tap.finish()
