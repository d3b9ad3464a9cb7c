"""What the gateway tells about itself: counters and histograms, and a line for each finished request."""
