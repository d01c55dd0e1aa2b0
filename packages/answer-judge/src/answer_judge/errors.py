"""What answer-judge raises."""


class JudgeError(Exception):
    """Base of all errors of this package.

    ```
    JudgeError
    ├── MissingExtra     an optional dependency is not installed
    ├── EmbeddingError   an embedder returned the wrong shape or numbers that are not finite, or cannot run as asked
    ├── ThresholdError   no threshold is known for an embedding model, or none keeps wrong pairs out
    ├── CacheError       the file of an embedding cache cannot be read or written
    ├── VerifierError    a language model's probabilities are too few, too many or outside [0, 1]
    ├── OptionError      the options of a question cannot be told apart
    ├── GenerationError  a text generator returned the wrong number of replies, or no strings
    ├── WorkerError      a judging process cannot start, raised, or died twice on one pair
    ├── LabelError       labels that cannot be told apart, or a label that is not in the set
    └── SelectionError   vectors, images, scores or settings that cannot be selected from
    ```
    """


class MissingExtra(JudgeError, ImportError):
    """An optional dependency is not installed; the message holds the install command."""


class EmbeddingError(JudgeError):
    """An embedder returned the wrong shape or numbers that are not finite, or cannot run as asked."""


class ThresholdError(JudgeError):
    """No threshold is known for an embedding model, or none keeps wrong pairs out."""


class CacheError(JudgeError):
    """The file of an embedding cache cannot be read or written."""


class VerifierError(JudgeError):
    """A language model returned another number of probabilities than it had prompts, or one outside [0, 1]."""


class OptionError(JudgeError):
    """The options of a question have no keys that are letters or numbers, each once."""


class GenerationError(JudgeError):
    """A text generator returned another number of replies than it had prompts, or no strings."""


class WorkerError(JudgeError):
    """A judging process cannot start, raised, or died twice on one pair."""


class LabelError(JudgeError):
    """Labels that cannot be told apart, or a label that is not in the set."""


class SelectionError(JudgeError):
    """Vectors, images, scores or settings that cannot be selected from."""
