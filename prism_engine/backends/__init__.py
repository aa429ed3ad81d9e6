"""Model backends behind one interface: in process, over HTTP, or scripted."""
