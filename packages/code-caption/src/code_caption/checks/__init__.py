"""Questions about an image, the evidence they bring, and the rules that decide."""
