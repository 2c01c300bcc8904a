"""The command ``tidegate``: its verbs, a file each."""


def main() -> None:
    """Run the command and end the process with its exit code."""
    import logging

    from observer.cli.app import app

    for name in ("tidegate", "observer"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # verbs speak for themselves

    app()
