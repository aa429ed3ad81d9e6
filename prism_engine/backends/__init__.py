"""Models behind one contract: in process, over HTTP, scripted."""
