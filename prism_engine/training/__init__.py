"""How the embedded models are made: lessons from PrismScenes, two small networks, one loop."""
