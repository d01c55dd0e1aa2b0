"""The server backend: any OpenAI-compatible `/v1/chat/completions`, over httpx."""

from trial_sampler.server.sampling import ServerSampler
from trial_sampler.server.settings import ServerSettings

__all__ = ["ServerSampler", "ServerSettings"]
