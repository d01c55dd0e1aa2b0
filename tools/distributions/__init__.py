"""Distributions of the workspace's members, as those get them who have no workspace.

Built from a folder or from a tag, installed into clean environments, and imported there.
"""
