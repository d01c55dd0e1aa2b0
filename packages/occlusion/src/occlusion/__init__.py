"""Hide what must be there: caption to entities, causality, boxes, masks, an occluded image and a question."""
