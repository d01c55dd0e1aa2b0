"""Supervised fine-tuning of LLaVA-family and other chat VLMs: mixing, masking, LoRA, merging."""
