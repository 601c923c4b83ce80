"""Why something is not made into an instance."""


class ForeignError(ValueError):
    """The message names what is wrong and never quotes a value."""
