"""`svco prepare`: MVC JSON from what people have."""

from svco.preparing.group import prepare_group

__all__ = ["prepare_group"]
