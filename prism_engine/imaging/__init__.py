"""How pictures get to models: what must be converted, and the conversion."""
