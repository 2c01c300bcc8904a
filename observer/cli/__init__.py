"""The command ``tidegate``: its verbs, a file each."""


def main() -> None:
    """Run the command and end the process with its exit code."""
    import logging

    from observer.cli.app import app

    logging.getLogger("tidegate").addHandler(logging.NullHandler())  # verbs speak for themselves

    app()
