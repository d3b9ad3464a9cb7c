"""Why an act was not done: words for whoever asked, and the field that they are about."""


class ActError(Exception):
    """Nothing was changed."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.field = field
        """Of the act's struct, where one is to blame."""


class InvalidError(ActError):
    """What is wanted makes no sense."""


class DeniedError(ActError):
    """Whoever asks may not do this."""


class NotFoundError(ActError):
    """There is no such thing, or none that may be seen by whoever asks."""


class ConflictError(ActError):
    """It contradicts what is there, such as a name that is taken."""


class InFileError(ConflictError):
    """It stands in the configuration file, and is changed there."""


class UnavailableError(ActError):
    """What it takes does not answer now, such as the database."""
