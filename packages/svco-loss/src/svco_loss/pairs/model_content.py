"""Which weights are these, exactly? A digest of a folder's files or the commit of a hub id."""

from __future__ import annotations

import hashlib
from pathlib import Path


def folder_digest(folder: Path) -> str:
    """Return `sha256:` and the digest of the names and contents of all files under a folder, whatever its own name.

    Every byte is read: 3 s for 2 GB.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode("utf-8", "surrogatepass"))
    return f"sha256:{digest.hexdigest()}"


def hub_commit(hub_id: str) -> str:
    """Return the commit of a hub id: the hub's newest, or without a network that of the local hub cache.

    Its `config.json` is fetched if the cache lacks it. The configuration itself no longer tells: transformers 5 keeps
    no commit in it.
    """
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(hub_id, "config.json")).parent.name
