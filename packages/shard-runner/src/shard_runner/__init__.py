"""Row stages over shards: resumable, every row accounted for."""
