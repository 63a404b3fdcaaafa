"""The program's outermost edge: `awqctl` and `python -m pipeline.cli`."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C while that is imported ends as it does later, with a sentence and its code."""
    try:
        from pipeline.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("awqctl: Interrupted. Run the same command again to go on where it stopped.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
