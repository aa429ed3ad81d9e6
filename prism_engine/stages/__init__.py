"""Calls made for one sample, each looked up before it is made."""
