"""Reading the chosen option from a reply."""
