"""The one exception that ends a command with a sentence instead of a traceback."""


class Problem(Exception):
    """Something that the person at the keyboard can mend; the text says what and how."""
