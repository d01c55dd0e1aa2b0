"""Which model is it, exactly? A digest of its files or the commit of its hub id, so that vectors can be kept."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path


def model_identity(model: str, *, library: str, max_tokens: int, precision: str) -> str:
    """Return one line that changes whenever the vectors of a model may.

    It names the library and transformers with their versions, the content of the model's folder (2.2 GB: about 3 s)
    or the commit of its hub id in the local hub cache, the longest text in tokens, and the precision.
    """
    libraries = ", ".join(f"{name} {version(name)}" for name in (library, "transformers"))
    content = folder_digest(Path(model)) if Path(model).is_dir() else hub_revision(model)
    return f"{libraries}, {content}, {max_tokens} tokens, {precision}"


def folder_digest(folder: Path) -> str:
    """Return `sha256:` and the digest of the names and contents of all files under a folder, whatever its own name."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def hub_revision(hub_id: str) -> str:
    """Return a hub id and the commit that the local hub cache holds of it; asks no network."""
    from huggingface_hub import snapshot_download

    return f"{hub_id}@{Path(snapshot_download(hub_id, local_files_only=True)).name}"
