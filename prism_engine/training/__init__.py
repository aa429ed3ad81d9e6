"""Training of the embedded models: lessons drawn from PrismScenes, two small networks, one training loop."""
