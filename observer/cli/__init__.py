"""The command ``tidegate``: its verbs, a file each."""


def main() -> None:
    """Run the command and end the process with its exit code."""
    from observer.cli.app import app

    app()
