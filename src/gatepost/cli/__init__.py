"""Commands an operator types."""


def main() -> None:
    """Run the command line."""
    raise NotImplementedError
