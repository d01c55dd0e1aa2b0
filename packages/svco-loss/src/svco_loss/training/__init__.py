"""Training on pairs of images with transformers' `Trainer`. Names: see `svco_loss`."""
