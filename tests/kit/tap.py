"""TAP lines: `ok - name` or `not ok - name`, and `# detail` lines below a failure."""

import sys

SHOWN = 40


class Tap:
    """Prints results and counts them. Green only when something ran and nothing failed."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.passed = 0
        self.failed = 0

    def check(self, name, problems):
        """One test: it passed when the list of problems is empty."""
        problems = list(problems)
        if not problems:
            self.passed += 1
            print(f"ok - {self.prefix}: {name}", flush=True)
            return True
        self.failed += 1
        print(f"not ok - {self.prefix}: {name}")
        lines = [line for problem in problems for line in str(problem).splitlines() or [""]]
        for line in lines[:SHOWN]:
            print(f"# {line[:400]}")
        if len(lines) > SHOWN:
            print(f"# ... and {len(lines) - SHOWN} more lines")
        sys.stdout.flush()
        return False

    def finish(self):
        """The exit code."""
        if self.passed + self.failed == 0:
            print(f"not ok - {self.prefix}: nothing ran")
            return 1
        print(f"# {self.prefix}: {self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def differ(what, found, expected):
    """A problem when two values differ, else none."""
    return [] if found == expected else [f"{what}: {found!r}, expected {expected!r}"]
