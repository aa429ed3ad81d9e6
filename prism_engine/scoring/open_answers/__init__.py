"""Reading short answers and yes or no from replies, since `prism-2`."""
